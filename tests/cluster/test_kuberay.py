"""The manifests for KubeRay: of the published shape, taken by Ray's autoscaler, and as the README says."""

from __future__ import annotations

from pathlib import Path

import kubernetes_validate
import pytest
from ray.autoscaler._private.kuberay.autoscaling_config import _derive_autoscaling_config_from_ray_cr

from lipsync_ray.cli import _verbs
from lipsync_ray.overrides import load_config
from tests.cluster.files import CLUSTER, DOCKERFILE, MANIFESTS, changed, load, name_of
from tests.cluster.kuberay_rules import cluster_of, groups_of, house_errors, operator_errors
from tests.cluster.kuberay_schema import schema_errors

JOB = CLUSTER / "kuberay/gke/rayjob.yaml"
EACH = pytest.mark.parametrize("path", MANIFESTS, ids=name_of)
HEAD, SPOT, DEMAND = (
    f"spec.rayClusterSpec.{group}" for group in ("headGroupSpec", "workerGroupSpecs.0", "workerGroupSpecs.1")
)
POD, BOX = "template.spec", "template.spec.containers.0"


def test_both_clouds_have_a_cluster_and_a_job() -> None:
    assert [name_of(path) for path in MANIFESTS] == [
        f"kuberay/{cloud}/{kind}.yaml" for cloud in ("eks", "gke") for kind in ("raycluster", "rayjob")
    ]


@EACH
def test_manifest_is_of_the_published_shape(path: Path) -> None:
    assert schema_errors(load(path)) == []


@EACH
def test_manifest_keeps_the_rules_of_the_operator_and_of_this_project(path: Path) -> None:
    assert [*operator_errors(load(path)), *house_errors(load(path))] == []


@pytest.mark.parametrize("path", sorted(CLUSTER.glob("kuberay/*/serviceaccount.yaml")), ids=name_of)
def test_identity_is_of_the_shape_that_kubernetes_publishes_and_is_the_one_that_pods_have(path: Path) -> None:
    account = load(path)
    kubernetes_validate.validate(account, kubernetes_validate.latest_version(), strict=True)
    with pytest.raises(kubernetes_validate.ValidationError):
        kubernetes_validate.validate({**account, "anotations": {}}, "1.37", strict=True)
    for kind in ("raycluster", "rayjob"):
        for group in groups_of(load(path.parent / f"{kind}.yaml")).values():
            assert group["template"]["spec"]["serviceAccountName"] == account["metadata"]["name"]


@EACH
def test_rays_autoscaler_reads_the_groups_as_they_are_meant(path: Path) -> None:
    resource = {"metadata": {"name": "x", "namespace": "y"}, "spec": cluster_of(load(path))}
    config = _derive_autoscaling_config_from_ray_cr(resource)
    types = config["available_node_types"]
    assert config["max_workers"] == 18
    assert types["headgroup"]["resources"] == {"CPU": 0, "memory": 12 * 2**30}
    for name, market in (("l4-spot", "spot"), ("l4-on-demand", "on-demand")):
        assert types[name]["resources"] == {"CPU": 7, "GPU": 1, "memory": 26 * 2**30}
        assert types[name]["labels"] == {"ray.io/market-type": market, "ray.io/accelerator-type": "L4"}
    assert types["l4-spot"]["priority"] > types["l4-on-demand"].get("priority", 0)
    assert types["l4-on-demand"]["min_workers"] == 1


@pytest.mark.parametrize("cloud", ["gke", "eks"])
def test_a_job_brings_the_very_cluster_that_stands_alone(cloud: str) -> None:
    job, cluster = (load(CLUSTER / f"kuberay/{cloud}/{kind}.yaml") for kind in ("rayjob", "raycluster"))
    assert cluster_of(job) == cluster_of(cluster)


def test_all_pods_of_all_manifests_run_one_image() -> None:
    images = {
        box["image"]
        for path in MANIFESTS
        for group in groups_of(load(path)).values()
        for box in group["template"]["spec"]["containers"]
    }
    submitters = {
        load(path)["spec"]["submitterPodTemplate"]["spec"]["containers"][0]["image"]
        for path in MANIFESTS
        if load(path)["kind"] == "RayJob"
    }
    assert images == submitters == {"REGISTRY/lipsync_ray:0.1.0"}


@pytest.mark.parametrize("cloud", ["gke", "eks"])
def test_the_settings_of_a_job_are_settings_of_this_project(cloud: str) -> None:
    words = load(CLUSTER / f"kuberay/{cloud}/rayjob.yaml")["spec"]["entrypoint"].split()
    assert words[:4] == ["python", "-m", "lipsync_ray", "batch"]
    own = {"manifest", "out_dir"}  # words of the verb itself
    settings = [word for word in words[4:] if word.partition("=")[0] not in own]
    assert len(settings) == len(words) - 6
    assert words[3] in _verbs()
    config = load_config(["video=a.mp4", *settings])
    assert config.cache.place.endswith("://BUCKET/cache")
    assert (config.ray.cluster, config.ray.workers, config.weights.offline) == ("auto", 18, True)
    # The image's folder of models cannot be written to, and a run derives smaller ones from them.
    assert (str(config.weights.dir), config.weights.folder) == ("/opt/weights", None)
    assert "COPY --from=build /opt/weights /opt/weights" in DOCKERFILE.read_text("utf-8")


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("kind", "RayServe", "kind"),
        ("apiVersion", "ray.io/v1alpha1", "apiVersion"),
        ("metadata", None, "'metadata' is a required property"),
        ("spec.entryPoint", "python", "'entryPoint' was unexpected"),
        ("spec.activeDeadlineSeconds", 0, "less than the minimum"),
        ("spec.backoffLimit", "1", "not of type 'integer'"),
        ("spec.submissionMode", "SSHMode", "is not one of"),
        ("spec.rayClusterSpec.authOptions.mode", "none", "is not one of"),
        ("spec.rayClusterSpec.headGroupSpec", None, "'headGroupSpec' is a required property"),
        (f"{HEAD}.rayStartParams.num-cpus", 0, "0 is not of type 'string'"),
        (f"{HEAD}.{BOX}.imagePulPolicy", "Always", "'imagePulPolicy' was unexpected"),
        (f"{HEAD}.{BOX}.ports.0.containerPort", "6379", "not of type 'integer'"),
        (f"{HEAD}.{POD}.containers", None, "'containers' is a required property"),
        (f"{SPOT}.minReplicas", None, "'minReplicas' is a required property"),
        (f"{SPOT}.template", None, "'template' is a required property"),
        (f"{SPOT}.{POD}.volumes.0.emptyDir.sizelimit", "1Gi", "'sizelimit' was unexpected"),
        (f"{SPOT}.{POD}.tolerations.0.effect", 1, "is not of type"),
    ],
)
def test_what_is_not_of_the_published_shape_is_refused(place: str, value: object, said: str) -> None:
    errors = schema_errors(changed(load(JOB), place, value))
    assert any(said in error for error in errors), errors


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("metadata.name", "lipsync_batch", "no DNS label"),
        ("spec.rayClusterSpec.rayVersion", "2.51.0", "tokens need Ray 2.52"),
        (f"{HEAD}.{POD}.restartPolicy", "Always", "autoscaler v2"),
        (f"{HEAD}.rayStartParams.labels", "a=b", "beside rayStartParams"),
        (f"{SPOT}.replicas", 17, "between minReplicas and maxReplicas"),
        ("spec.shutdownAfterJobFinishes", False, "needs shutdownAfterJobFinishes"),
        ("spec.clusterSelector", {"a": "b"}, "one of rayClusterSpec and clusterSelector"),
        ("spec.runtimeEnvYAML", "a list", "no mapping"),
    ],
)
def test_what_the_operator_would_refuse_is_refused(place: str, value: object, said: str) -> None:
    broken = changed(load(JOB), place, value)
    assert any(said in error for error in operator_errors(broken))
    assert schema_errors(broken) == []


@pytest.mark.parametrize(
    ("place", "value", "said"),
    [
        ("spec.rayClusterSpec.rayVersion", "2.59.0", "is not that of the image"),
        ("spec.rayClusterSpec.authOptions.mode", "disabled", "takes jobs from anybody"),
        (f"{HEAD}.rayStartParams.num-cpus", "3", "tasks may run there"),
        (f"{HEAD}.{BOX}.resources.limits", {"memory": "12Gi", "nvidia.com/gpu": "1"}, "has a GPU"),
        (f"{HEAD}.labels", {"ray.io/market-type": "spot"}, "not labelled as on-demand"),
        (
            f"{HEAD}.{POD}.nodeSelector",
            {"cloud.google.com/gke-spot": "true"},
            "no nodeSelector for on-demand",
        ),
        (f"{HEAD}.{POD}.securityContext.runAsNonRoot", False, "may run as root"),
        (f"{HEAD}.{BOX}.securityContext.readOnlyRootFilesystem", None, "may write to its image"),
        (f"{HEAD}.{POD}.serviceAccountName", None, "no identity"),
        (f"{HEAD}.{BOX}.env.0.name", "AWS_SECRET_ACCESS_KEY", "holds credentials"),
        (f"{SPOT}.{BOX}.securityContext.capabilities", {"add": ["SYS_ADMIN"]}, "may gain rights"),
        (f"{SPOT}.{BOX}.volumeMounts.0", None, "nothing is mounted at /dev/shm"),
        (f"{SPOT}.{BOX}.volumeMounts.2.mountPath", "/work", "nothing is mounted at /scratch"),
        (f"{SPOT}.{POD}.volumes.0.emptyDir.medium", None, "/dev/shm is not memory"),
        (f"{SPOT}.{POD}.volumes.0.emptyDir.sizeLimit", "8Gi", "does not fit into /dev/shm"),
        (f"{SPOT}.{BOX}.resources.limits.cpu", "8", "not one GPU with 7 of 8 CPUs"),
        (f"{SPOT}.{BOX}.resources.limits.memory", "30Gi", "is not 26 to 28"),
        (f"{SPOT}.labels", {"ray.io/market-type": "spot"}, "not labelled as L4"),
        (f"{SPOT}.{POD}.tolerations", [], "does not tolerate"),
        (f"{SPOT}.{POD}.terminationGracePeriodSeconds", 10, "does not take leave"),
        (f"{SPOT}.{BOX}.lifecycle", None, "does not take leave"),
        (f"{DEMAND}.minReplicas", 0, "cannot be taken away"),
        (f"{DEMAND}.maxReplicas", 3, "ray.workers"),
        ("spec.activeDeadlineSeconds", None, "may cost for ever"),
        (
            "spec.entrypoint",
            "python -m lipsync_ray batch ray.workers=18 ray.gpu_cpus=7",
            "leaves not two CPUs",
        ),
    ],
)
def test_what_breaks_a_promise_of_this_project_is_refused(place: str, value: object, said: str) -> None:
    errors = list(house_errors(changed(load(JOB), place, value)))
    assert any(said in error for error in errors), errors
