"""The shape of RayCluster and RayJob, ray.io/v1, as KubeRay 1.7 publishes it in its API reference.

No package of PyPI or npm ships KubeRay's own definitions. What they take from Kubernetes (pod templates,
containers, services) is checked with Kubernetes' own definitions, from the package kubernetes-validate.
Unknown fields are refused everywhere, which Kubernetes does only when it is asked to.
"""

from __future__ import annotations

import functools
import json
from importlib.resources import files
from typing import Any

from jsonschema import Draft202012Validator
from referencing import Registry, Resource

Schema = dict[str, Any]

_TEXT: Schema = {"type": "string"}
_SWITCH: Schema = {"type": "boolean"}
_COUNT: Schema = {"type": "integer", "minimum": 0, "maximum": 2**31 - 1}
_NUMBER: Schema = {"type": "number", "minimum": 0}
_WORDS: Schema = {"type": "object", "additionalProperties": _TEXT}
_ANY: Schema = {"type": "object"}  # parts that this project does not use


def _core(name: str) -> Schema:
    return {"$ref": f"/api/_definitions.json#/$defs/io.k8s.api.core.v1.{name}"}


def _meta(name: str) -> Schema:
    return {"$ref": f"/api/_definitions.json#/$defs/io.k8s.apimachinery.pkg.apis.meta.v1.{name}"}


def _list(items: Schema) -> Schema:
    return {"type": "array", "items": items}


def _choice(*values: str) -> Schema:
    return {"enum": list(values)}


def _fields(required: str = "", **fields: Schema) -> Schema:
    return {
        "type": "object",
        "properties": fields,
        "required": required.split(),
        "additionalProperties": False,
    }


_AUTH = _fields(mode=_choice("disabled", "token"), secretName=_TEXT, enableK8sTokenAuth=_SWITCH)

_AUTOSCALER = _fields(
    resources=_core("ResourceRequirements"),
    image=_TEXT,
    imagePullPolicy=_choice("Always", "IfNotPresent", "Never"),
    securityContext=_core("SecurityContext"),
    idleTimeoutSeconds=_COUNT,
    upscalingMode=_choice("Default", "Aggressive", "Conservative"),
    version=_choice("v1", "v2"),
    env=_list(_core("EnvVar")),
    envFrom=_list(_core("EnvFromSource")),
    volumeMounts=_list(_core("VolumeMount")),
    command=_list(_TEXT),
    args=_list(_TEXT),
)

_HEAD = _fields(
    required="template",
    template=_core("PodTemplateSpec"),
    headService=_core("Service"),
    enableIngress=_SWITCH,
    ingressOptions=_ANY,
    resources=_WORDS,
    labels=_WORDS,
    rayStartParams=_WORDS,
    serviceType=_choice("ClusterIP", "NodePort", "LoadBalancer", "ExternalName"),
)

_WORKERS = _fields(
    required="groupName template minReplicas maxReplicas",
    suspend=_SWITCH,
    groupName=_TEXT,
    replicas=_COUNT,
    minReplicas=_COUNT,
    maxReplicas=_COUNT,
    numOfHosts=_COUNT,
    idleTimeoutSeconds=_COUNT,
    priority={"type": "integer"},
    resources=_WORDS,
    labels=_WORDS,
    rayStartParams=_WORDS,
    template=_core("PodTemplateSpec"),
    scaleStrategy=_fields(workersToDelete=_list(_TEXT)),
)

_CLUSTER = _fields(
    required="headGroupSpec",
    upgradeStrategy=_fields(type=_choice("Recreate", "None")),
    authOptions=_AUTH,
    suspend=_SWITCH,
    managedBy=_choice("ray.io/kuberay-operator", "kueue.x-k8s.io/multikueue"),
    autoscalerOptions=_AUTOSCALER,
    headServiceAnnotations=_WORDS,
    enableInTreeAutoscaling=_SWITCH,
    gcsFaultToleranceOptions=_ANY,
    historyServerOptions=_ANY,
    networkPolicy=_ANY,
    tlsOptions=_ANY,
    headGroupSpec=_HEAD,
    rayVersion=_TEXT,
    workerGroupSpecs=_list(_WORKERS),
)

_JOB = _fields(
    activeDeadlineSeconds={**_COUNT, "minimum": 1},
    backoffLimit=_COUNT,
    rayClusterSpec=_CLUSTER,
    submitterPodTemplate=_core("PodTemplateSpec"),
    metadata=_WORDS,
    clusterSelector=_WORDS,
    submitterConfig=_fields(backoffLimit=_COUNT),
    managedBy=_choice("ray.io/kuberay-operator", "kueue.x-k8s.io/multikueue"),
    deletionStrategy=_ANY,
    entrypoint=_TEXT,
    runtimeEnvYAML=_TEXT,
    jobId=_TEXT,
    submissionMode=_choice("K8sJobMode", "HTTPMode", "InteractiveMode", "SidecarMode"),
    entrypointResources=_TEXT,
    entrypointNumCpus=_NUMBER,
    entrypointNumGpus=_NUMBER,
    ttlSecondsAfterFinished=_COUNT,
    preRunningDeadlineSeconds={**_COUNT, "minimum": 1},
    shutdownAfterJobFinishes=_SWITCH,
    suspend=_SWITCH,
)

_SPECS = {"RayCluster": _CLUSTER, "RayJob": _JOB}


def schema_errors(document: dict[str, Any]) -> list[str]:
    """Where a RayCluster or RayJob is not of the published shape, one text each."""
    kind = document.get("kind", "")
    if kind not in _SPECS:
        return [f"kind: {kind!r} is none of {', '.join(_SPECS)}"]
    whole = _fields(
        required="apiVersion kind metadata spec",
        apiVersion={"const": "ray.io/v1"},
        kind={"const": kind},
        metadata=_meta("ObjectMeta"),
        spec=_SPECS[kind],
    )
    validator = Draft202012Validator(
        {**whole, "$id": "https://kubernetes.io/api/ray.json"}, registry=_kubernetes()
    )
    found = sorted(validator.iter_errors(document), key=lambda error: list(map(str, error.path)))
    return [f"{'.'.join(map(str, error.path))}: {error.message}" for error in found]


@functools.cache
def _kubernetes() -> Registry:
    folder = files("kubernetes_validate").joinpath("kubernetes-json-schema")
    versions = [place.name for place in folder.iterdir() if place.name.endswith("-local-strict")]
    newest = max(versions, key=lambda name: [int(part) for part in name.split("-")[0][1:].split(".")])
    definitions = json.loads(folder.joinpath(newest, "_definitions.json").read_text("utf-8"))
    return Resource.from_contents(definitions) @ Registry()
