"""What a manifest must keep beyond its shape: rules of KubeRay's operator, and promises of this project."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import yaml

from tests.cluster.files import assignments, build_argument, quantity

Node = dict[str, Any]

ON_DEMAND = {
    "cloud.google.com/gke-provisioning": "standard",
    "eks.amazonaws.com/capacityType": "ON_DEMAND",
}
SPOT = {"cloud.google.com/gke-spot": "true", "eks.amazonaws.com/capacityType": "SPOT"}
WRITTEN = ("/dev/shm", "/tmp", "/scratch")  # all that a pod writes to


def cluster_of(document: Node) -> Node:
    """The cluster that a RayCluster is, or that a RayJob brings along."""
    return document["spec"].get("rayClusterSpec", {}) if document["kind"] == "RayJob" else document["spec"]


def groups_of(document: Node) -> dict[str, Node]:
    """The groups of pods by name."""
    cluster = cluster_of(document)
    return {"head": cluster["headGroupSpec"]} | {group["groupName"]: group for group in _workers(cluster)}


def operator_errors(document: Node) -> Iterator[str]:
    """What KubeRay's operator refuses although the shape is right."""
    name, cluster = document["metadata"].get("name", ""), cluster_of(document)
    if not re.fullmatch(r"[a-z]([-a-z0-9]{0,45}[a-z0-9])?", name):
        yield f"the name {name!r} is no DNS label of at most 47 characters"
    if document["kind"] == "RayJob":
        yield from _job_errors(document["spec"])
    version = tuple(int(part) for part in cluster.get("rayVersion", "0").split("."))
    if cluster.get("authOptions", {}).get("mode") == "token" and version < (2, 52):
        yield f"tokens need Ray 2.52, not {cluster.get('rayVersion')}"
    v2 = cluster.get("autoscalerOptions", {}).get("version") == "v2"
    for group, spec in groups_of(document).items():
        containers = spec["template"]["spec"].get("containers", [])
        if not containers:
            yield f"{group}: no container"
        if v2 and spec["template"]["spec"].get("restartPolicy", "Never") != "Never":
            yield f"{group}: autoscaler v2 needs restartPolicy Never"
        if "labels" in spec.get("rayStartParams", {}):
            yield f"{group}: labels belong beside rayStartParams, not in it"
    for group in _workers(cluster):
        if not group["minReplicas"] <= group.get("replicas", 0) <= group["maxReplicas"]:
            yield f"{group['groupName']}: replicas is not between minReplicas and maxReplicas"


def _job_errors(job: Node) -> Iterator[str]:
    if ("rayClusterSpec" in job) == ("clusterSelector" in job):
        yield "one of rayClusterSpec and clusterSelector is needed"
    if job.get("ttlSecondsAfterFinished", 0) and not job.get("shutdownAfterJobFinishes", False):
        yield "ttlSecondsAfterFinished needs shutdownAfterJobFinishes"
    if not isinstance(yaml.safe_load(job.get("runtimeEnvYAML", "{}")), dict):
        yield "runtimeEnvYAML is no mapping"
    if job.get("submitterPodTemplate", {}).get("spec", {}).get("restartPolicy", "Never") == "Always":
        yield "a submitter cannot restart always"


def house_errors(document: Node) -> Iterator[str]:
    """What this project's clusters promise."""
    cluster = cluster_of(document)
    if cluster.get("rayVersion") != build_argument("RAY_VERSION"):
        yield f"rayVersion {cluster.get('rayVersion')} is not that of the image"
    if cluster.get("authOptions", {}).get("mode") != "token":
        yield "the cluster takes jobs from anybody: authOptions.mode is not token"
    yield from _head_errors(cluster["headGroupSpec"])
    for name, group in groups_of(document).items():
        yield from (f"{name}: {error}" for error in _pod_errors(group))
    for group in _workers(cluster):
        yield from (f"{group['groupName']}: {error}" for error in _worker_errors(group))
    if not any(group["minReplicas"] and _market(group) == "on-demand" for group in _workers(cluster)):
        yield "no worker is there from the beginning that cannot be taken away"
    if not any(_market(group) == "spot" for group in _workers(cluster)):
        yield "no spot workers"
    if document["kind"] == "RayJob":
        yield from _entrypoint_errors(document["spec"])


def _workers(cluster: Node) -> list[Node]:
    return cluster.get("workerGroupSpecs", [])


def _market(group: Node) -> str:
    return group.get("labels", {}).get("ray.io/market-type", "")


def _limits(group: Node) -> Node:
    return group["template"]["spec"]["containers"][0]["resources"]["limits"]


def _head_errors(head: Node) -> Iterator[str]:
    if head["rayStartParams"].get("num-cpus") != "0":
        yield "head: tasks may run there: num-cpus is not 0"
    if "nvidia.com/gpu" in _limits(head):
        yield "head: has a GPU"
    if _market(head) != "on-demand":
        yield "head: is not labelled as on-demand"


def _pod_errors(group: Node) -> Iterator[str]:
    pod = group["template"]["spec"]
    container = pod["containers"][0]
    chosen = pod.get("nodeSelector", {})
    wanted = SPOT if _market(group) == "spot" else ON_DEMAND
    if not any(chosen.get(key) == value for key, value in wanted.items()):
        yield f"no nodeSelector for {_market(group)} nodes"
    if pod.get("securityContext", {}).get("runAsNonRoot") is not True:
        yield "may run as root"
    rights = container.get("securityContext", {})
    if rights.get("allowPrivilegeEscalation") is not False or rights.get("capabilities") != {"drop": ["ALL"]}:
        yield "may gain rights"
    if rights.get("readOnlyRootFilesystem") is not True:
        yield "may write to its image"
    if not pod.get("serviceAccountName"):
        yield "has no identity of its own"
    if keys := {
        env["name"] for env in container.get("env", []) if re.search("KEY|SECRET|TOKEN", env["name"])
    }:
        yield f"holds credentials: {', '.join(sorted(keys))}"
    yield from _volume_errors(group)


def _volume_errors(group: Node) -> Iterator[str]:
    pod = group["template"]["spec"]
    volumes = {volume["name"]: volume for volume in pod.get("volumes", [])}
    mounts = {mount["mountPath"]: mount["name"] for mount in pod["containers"][0].get("volumeMounts", [])}
    for place in WRITTEN:
        if "emptyDir" not in volumes.get(mounts.get(place, ""), {}):
            yield f"nothing is mounted at {place}"
    shared = volumes.get(mounts.get("/dev/shm", ""), {}).get("emptyDir", {})
    if shared.get("medium") != "Memory":
        yield "/dev/shm is not memory"
        return
    store = int(group["rayStartParams"].get("object-store-memory", "0"))
    if not 0 < store < quantity(shared["sizeLimit"]) < quantity(_limits(group)["memory"]):
        yield "the object store does not fit into /dev/shm, or that not into the memory"


def _worker_errors(group: Node) -> Iterator[str]:
    pod, limits = group["template"]["spec"], _limits(group)
    if (limits.get("nvidia.com/gpu"), limits.get("cpu")) != ("1", "7"):
        yield "is not one GPU with 7 of 8 CPUs"
    if not quantity("26Gi") <= quantity(limits["memory"]) <= quantity("28Gi"):
        yield f"{limits['memory']} of memory is not 26 to 28 of 32 GiB"
    if group.get("labels", {}).get("ray.io/accelerator-type") != "L4":
        yield "is not labelled as L4"
    if not any(bearable["key"] == "nvidia.com/gpu" for bearable in pod.get("tolerations", [])):
        yield "does not tolerate nodes with GPUs"
    hook = pod["containers"][0].get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command", [])
    naps = [
        int(nap) for nap in re.findall(r"leave_node\.py (\d+); sleep (\d+)", " ".join(hook)) for nap in nap
    ]
    if not naps or max(naps) >= pod.get("terminationGracePeriodSeconds", 30):
        yield "does not take leave before it is killed"


def _entrypoint_errors(job: Node) -> Iterator[str]:
    words = assignments(job["entrypoint"].split())
    groups = _workers(job["rayClusterSpec"])
    if int(words.get("ray.workers", 0)) != sum(group["maxReplicas"] for group in groups):
        yield "ray.workers is not the number of workers that all groups hold"
    for group in groups:
        if float(words.get("ray.gpu_cpus", 0)) + 2 != float(_limits(group)["cpu"]):
            yield f"ray.gpu_cpus leaves not two CPUs of {group['groupName']}"
    if not job.get("shutdownAfterJobFinishes") or not job.get("activeDeadlineSeconds"):
        yield "may cost for ever"
