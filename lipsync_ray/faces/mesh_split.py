"""Cut two models out of the attention mesh, whose own glue operators need MediaPipe's runtime.

The file holds one graph: a backbone that gives 468 points and a feature map, and a branch that looks
at the lips again, on features sampled around them. The sampling uses three custom operators that
plain LiteRT lacks. Model A is everything before them, model B everything after (lips only);
:mod:`lipsync_ray.faces.mesh` does the sampling in numpy.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

VERSION = 1  # of the cut files
# Tensor numbers inside face_landmark_with_attention.tflite (its hash is pinned in the registry).
PICTURE, FEATURES, POINTS, FLAG = 0, 35, 719, 710
LIP_FEATURES, LIP_POINTS = 199, 697


def write_backbone(model: Path, target: Path) -> None:
    """Model A: picture ``[1,192,192,3]`` -> features ``[1,48,48,32]``, 468x3 points, face logit."""
    target.write_bytes(cut(model.read_bytes(), [PICTURE], [FEATURES, POINTS, FLAG]))


def write_lips(model: Path, target: Path) -> None:
    """Model B: sampled features ``[1,16,16,32]`` -> 80 lip points ``[1,80,2]``."""
    target.write_bytes(cut(model.read_bytes(), [LIP_FEATURES], [LIP_POINTS]))


def cut(content: bytes, inputs: list[int], outputs: list[int]) -> bytes:
    """The sub-model between these tensors, with nothing in it that it does not need."""
    import flatbuffers
    from ai_edge_litert import schema_py_generated as schema

    model: Any = schema.ModelT.InitFromObj(schema.Model.GetRootAsModel(content, 0))
    graph = model.subgraphs[0]
    operators = _needed(graph, inputs, outputs)
    tensors = {*inputs, *outputs}
    for operator in operators:
        tensors.update(int(t) for t in (*operator.inputs, *operator.outputs) if t >= 0)
    number = {old: new for new, old in enumerate(sorted(tensors))}
    for operator in operators:
        # -1 stands for an optional input that is not given.
        operator.inputs = np.array([number.get(int(t), -1) for t in operator.inputs], np.int32)
        operator.outputs = np.array([number[int(t)] for t in operator.outputs], np.int32)
    graph.operators = operators
    graph.tensors = [graph.tensors[t] for t in sorted(tensors)]
    graph.inputs, graph.outputs = ([number[t] for t in side] for side in (inputs, outputs))
    _drop_unused(model, graph)
    builder = flatbuffers.Builder(len(content) // 2)
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


def _needed(graph: Any, inputs: list[int], outputs: list[int]) -> list[Any]:
    """Operators that lead from the inputs to the outputs, in their own order."""
    maker = {int(t): i for i, operator in enumerate(graph.operators) for t in operator.outputs}
    kept: set[int] = set()
    open_tensors = list(outputs)
    while open_tensors:
        tensor = open_tensors.pop()
        index = maker.get(tensor)
        if tensor not in inputs and index is not None and index not in kept:
            kept.add(index)
            open_tensors += [int(t) for t in graph.operators[index].inputs if t >= 0]
    return [graph.operators[i] for i in sorted(kept)]


def _drop_unused(model: Any, graph: Any) -> None:
    """Remove buffers of dropped tensors and the tables that describe the whole graph."""
    used = sorted({0, *(tensor.buffer for tensor in graph.tensors)})  # buffer 0 is empty by convention
    number = {old: new for new, old in enumerate(used)}
    for tensor in graph.tensors:
        tensor.buffer = number[tensor.buffer]
    model.buffers = [model.buffers[buffer] for buffer in used]
    model.signatureDefs = model.metadata = model.metadataBuffer = None
