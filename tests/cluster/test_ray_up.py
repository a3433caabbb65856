"""The files for `ray up`: taken by Ray's own checks, their machines by the clouds' published interfaces."""

from __future__ import annotations

import json
from importlib.resources import files
from pathlib import Path
from typing import Any

import botocore.session
import jsonschema
import pytest
from botocore.validate import ParamValidator
from ray.autoscaler._private.gcp.config import get_node_type
from ray.autoscaler._private.util import check_legacy_fields, prepare_config, validate_config

from tests.cluster.files import CLUSTER, LAUNCHERS, changed, load, name_of

AWS, GCP = CLUSTER / "ray_up/aws.yaml", CLUSTER / "ray_up/gcp.yaml"
EACH = pytest.mark.parametrize("path", LAUNCHERS, ids=name_of)
Machine = dict[str, Any]


def machines_of(config: dict[str, Any]) -> dict[str, Machine]:
    """What the cloud is asked for, by kind of node."""
    return {name: kind["node_config"] for name, kind in config["available_node_types"].items()}


def is_spot(machine: Machine) -> bool:
    """Whether the cloud may take the machine away."""
    market = machine.get("InstanceMarketOptions", {}).get("MarketType")
    return market == "spot" or machine.get("scheduling", {}).get("preemptible", False)


def aws_errors(machine: Machine) -> str:
    """What EC2's RunInstances, as botocore describes it, does not take."""
    model = botocore.session.get_session().get_service_model("ec2")
    shape: Any = model.operation_model("RunInstances").input_shape
    report = ParamValidator().validate({**machine, "MinCount": 1, "MaxCount": 1}, shape).generate_report()
    kinds = shape.members["InstanceType"].enum
    return report if machine["InstanceType"] in kinds else f"{report}\nno {machine['InstanceType']}"


def gcp_errors(value: Any, shape: dict[str, Any], place: str = "machine") -> list[str]:
    """What a shape of Compute Engine's published API does not take."""
    if "$ref" in shape:
        return gcp_errors(value, _compute()["schemas"][shape["$ref"]], place)
    kinds = {"object": dict, "array": list, "string": str, "boolean": bool, "integer": int}
    wanted = int if shape.get("format") == "int64" else kinds.get(shape.get("type", ""), object)
    if not isinstance(value, wanted):
        return [f"{place}: {value!r} is no {shape['type']}"]
    if "enum" in shape and value not in shape["enum"]:
        return [f"{place}: {value!r} is none of {shape['enum']}"]
    if isinstance(value, list):
        return [error for item in value for error in gcp_errors(item, shape["items"], place)]
    if not isinstance(value, dict) or "additionalProperties" in shape:
        return []
    known = shape["properties"]
    unknown = [f"{place}.{name}: not known" for name in value if name not in known]
    inner = [(name, item) for name, item in value.items() if name in known]
    return unknown + [e for name, item in inner for e in gcp_errors(item, known[name], f"{place}.{name}")]


def _compute() -> dict[str, Any]:
    place = files("googleapiclient").joinpath("discovery_cache", "documents", "compute.v1.json")
    return json.loads(place.read_text("utf-8"))


def test_both_clouds_are_there() -> None:
    assert LAUNCHERS == [AWS, GCP]


@EACH
def test_ray_takes_the_file_as_ray_up_reads_it(path: Path) -> None:
    config = prepare_config(load(path))
    validate_config(config)
    check_legacy_fields(config)
    assert config["head_setup_commands"] == config["worker_setup_commands"] == []


@EACH
@pytest.mark.parametrize(
    ("place", "value", "error"),
    [
        ("idle_minutes", 5, jsonschema.ValidationError),
        ("provider.type", None, KeyError),
        ("docker.images", "x", jsonschema.ValidationError),
        ("docker.container_name", None, AssertionError),
        ("head_node_type", "boss", ValueError),
        ("max_workers", 0, ValueError),
        ("available_node_types.l4_spot.node_config", None, jsonschema.ValidationError),
        ("available_node_types.l4_spot.resources", {"CPU": "7"}, jsonschema.ValidationError),
        ("available_node_types.l4_spot.spot", True, jsonschema.ValidationError),
        ("available_node_types.l4_spot.labels", {"a": 1}, jsonschema.ValidationError),
    ],
)
def test_ray_refuses_broken_files(path: Path, place: str, value: object, error: type[Exception]) -> None:
    with pytest.raises(error):
        validate_config(prepare_config(changed(load(path), place, value)))


@pytest.mark.parametrize("kind", ["head", "l4_spot", "l4_on_demand"])
def test_ec2_knows_the_machines(kind: str) -> None:
    machine = machines_of(load(AWS))[kind]
    assert aws_errors(machine) == ""
    assert machine["InstanceType"] == ("m6i.xlarge" if kind == "head" else "g6.2xlarge")
    assert machine["BlockDeviceMappings"][0]["Ebs"]["VolumeSize"] >= 100


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("InstanceType", "g2-standard-8", "no g2-standard-8"),
        ("InstanceMarketOption", {"MarketType": "spot"}, "Unknown parameter"),
        ("InstanceMarketOptions.MarketTyp", "spot", "Unknown parameter"),
        ("BlockDeviceMappings.0.Ebs.VolumeSize", "200", "Invalid type"),
    ],
)
def test_what_ec2_does_not_know_is_refused(place: str, value: object, said: str) -> None:
    assert said in aws_errors(changed(machines_of(load(AWS))["l4_spot"], place, value))


@pytest.mark.parametrize("kind", ["head", "l4_spot", "l4_on_demand"])
def test_compute_engine_knows_the_machines(kind: str) -> None:
    machine = machines_of(load(GCP))[kind]
    assert gcp_errors(machine, {"$ref": "Instance"}) == []
    assert get_node_type(machine).value == "compute"
    assert machine["machineType"] == ("e2-standard-4" if kind == "head" else "g2-standard-8")
    assert machine["disks"][0]["initializeParams"]["diskSizeGb"] >= 100
    # A machine with a GPU cannot be moved: Compute Engine refuses one that wants to be.
    assert kind == "head" or machine["scheduling"]["onHostMaintenance"] == "TERMINATE"


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("machinetype", "g2-standard-8", "machine.machinetype: not known"),
        ("scheduling.preemptable", True, "machine.scheduling.preemptable: not known"),
        ("scheduling.preemptible", "true", "is no boolean"),
        ("scheduling.onHostMaintenance", "STOP", "is none of"),
        ("scheduling", [{"preemptible": True}], "is no object"),
        ("disks.0.initializeParams.diskSizeGb", "large", "is no string"),
        ("metadata.items.0.values", "True", "not known"),
    ],
)
def test_what_compute_engine_does_not_know_is_refused(place: str, value: object, said: str) -> None:
    errors = gcp_errors(changed(machines_of(load(GCP))["l4_spot"], place, value), {"$ref": "Instance"})
    assert any(said in error for error in errors), errors


@EACH
def test_the_head_stays_and_runs_no_task_while_spot_machines_draw(path: Path) -> None:
    config = load(path)
    kinds = config["available_node_types"]
    assert kinds[config["head_node_type"]]["resources"] == {"CPU": 0}
    spot = {name for name, machine in machines_of(config).items() if is_spot(machine)}
    assert spot == {"l4_spot"}
    for name, kind in kinds.items():
        assert kind["labels"]["ray.io/market-type"] == ("spot" if name in spot else "on-demand")
        if name != "head":
            assert kind["resources"] == {"CPU": 7, "GPU": 1}
            assert kind["labels"]["ray.io/accelerator-type"] == "L4"
    assert kinds["l4_on_demand"]["min_workers"] >= 1
    assert config["max_workers"] == sum(kind.get("max_workers", 0) for kind in kinds.values())


@EACH
def test_all_nodes_share_image_token_and_a_folder_to_write_to(path: Path) -> None:
    config = load(path)
    options = " ".join(config["docker"]["run_options"])
    assert config["docker"]["image"] == "REGISTRY/lipsync_ray:0.1.0"
    assert not {"head_image", "worker_image"} & config["docker"].keys()
    assert "--env RAY_AUTH_MODE=token" in options
    assert config["file_mounts"] == {"/home/ray/.ray/auth_token": "~/.ray/auth_token"}
    assert ":/scratch" in options
    assert "docker" not in {key for kind in config["available_node_types"].values() for key in kind}


@EACH
def test_the_dashboard_listens_only_inside_the_head(path: Path) -> None:
    commands = " ".join(load(path)["head_start_ray_commands"])
    assert "--head" in commands
    assert "--autoscaling-config=~/ray_bootstrap_config.yaml" in commands
    assert "--dashboard-host" not in commands
