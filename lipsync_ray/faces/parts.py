"""The table of one scanned range, and its file (Arrow IPC: columns are read without the others)."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from lipsync_ray.faces.features import THUMB, MouthLook
from lipsync_ray.faces.follow import Candidate, Place
from lipsync_ray.faces.pose import head_angles
from lipsync_ray.faces.signature import BYTES

POINTS = 468
THUMB_BYTES = THUMB[0] * THUMB[1] * 3
SCHEMA = pa.schema(
    [
        pa.field("frame", pa.int64(), nullable=False),
        pa.field("face", pa.int32(), nullable=False),  # unique within the range
        pa.field("box", pa.list_(pa.float32(), 4), nullable=False),  # px x0 y0 x1 y1, of the landmarks
        pa.field("score", pa.float32(), nullable=False),
        pa.field("angles", pa.list_(pa.float32(), 3), nullable=False),  # degrees yaw pitch roll
        pa.field("redness", pa.list_(pa.float32(), 2), nullable=False),  # upper lip, lower lip
        pa.field("sharpness", pa.float32(), nullable=False),
        pa.field("landmarks", pa.list_(pa.float32(), POINTS * 3), nullable=False),  # px px, z in px
        pa.field("thumb", pa.list_(pa.uint8(), THUMB_BYTES), nullable=False),  # RGB 32 x 20
    ]
)
_SHAPES: dict[str, tuple[int, ...]] = {
    "box": (4,),
    "angles": (3,),
    "redness": (2,),
    "landmarks": (POINTS, 3),
    "thumb": (THUMB[1], THUMB[0], 3),
}
LIGHT = ("frame", "face", "box", "score", "angles", "redness", "sharpness")


@dataclass(frozen=True, slots=True, kw_only=True)
class RangeNotes:
    """What a range knows besides its faces."""

    start: int  # frame, included
    stop: int  # frame, excluded
    signatures: np.ndarray  # uint8[stop-start,160], see signature.py
    best: Candidate | None  # the best detection below face.min_score in frames without a face


def make_table(rows: list[tuple[int, Place, MouthLook]], notes: RangeNotes) -> pa.Table:
    """The table of a range from (frame, face, mouth) in frame order."""
    columns = {
        "frame": np.array([frame for frame, _, _ in rows], np.int64),
        "face": np.array([seen.face for _, seen, _ in rows], np.int32),
        "box": np.array([seen.box for _, seen, _ in rows], np.float32),
        "score": np.array([seen.score for _, seen, _ in rows], np.float32),
        "angles": np.array([head_angles(seen.landmarks) for _, seen, _ in rows], np.float32),
        "redness": np.array([look.redness for _, _, look in rows], np.float32),
        "sharpness": np.array([look.sharpness for _, _, look in rows], np.float32),
        "landmarks": np.array([seen.landmarks for _, seen, _ in rows], np.float32),
        "thumb": np.array([look.thumb for _, _, look in rows], np.uint8),
    }
    arrays = [_to_arrow(columns[field.name], field.type) for field in SCHEMA]
    best = notes.best or Candidate(score=0.0, frame=-1)
    metadata = {
        "range": f"{notes.start} {notes.stop}",
        "best": f"{best.score!r} {best.frame}",
        "signatures": notes.signatures.tobytes(),
    }
    return pa.Table.from_arrays(arrays, schema=SCHEMA.with_metadata(metadata))


def _to_arrow(values: np.ndarray, kind: pa.DataType) -> pa.Array:
    if isinstance(kind, pa.FixedSizeListType):
        return pa.FixedSizeListArray.from_arrays(pa.array(values.ravel(), kind.value_type), kind.list_size)
    return pa.array(values, kind)


def read_notes(schema: pa.Schema) -> RangeNotes:
    """The notes in a table's metadata. Raises ValueError or KeyError if it is no table of a range."""
    metadata = schema.metadata or {}
    start, stop = (int(value) for value in metadata[b"range"].split())
    score, frame = metadata[b"best"].split()
    signatures = np.frombuffer(metadata[b"signatures"], np.uint8).reshape(stop - start, BYTES)
    best = Candidate(score=float(score), frame=int(frame)) if int(frame) >= 0 else None
    return RangeNotes(start=start, stop=stop, signatures=signatures, best=best)


def write_part(table: pa.Table, path: Path) -> None:
    """Write the table as one record batch."""
    with pa.OSFile(str(path), "wb") as file, pa.ipc.new_file(file, table.schema) as writer:
        writer.write_table(table.combine_chunks())


def open_notes(path: Path) -> RangeNotes:
    """Only the notes of a part. Raises ValueError, KeyError or OSError if the file is none."""
    with pa.memory_map(str(path)) as file:
        return read_notes(pa.ipc.open_file(file).schema)


def read_columns(path: Path, names: tuple[str, ...]) -> dict[str, np.ndarray]:
    """Some columns of a part as arrays of their own (nothing stays mapped)."""
    fields = [SCHEMA.get_field_index(name) for name in names]
    with pa.memory_map(str(path)) as file:
        table = pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=fields)).read_all()
        return {name: _to_numpy(table.column(name), _SHAPES.get(name, ())) for name in names}


def _to_numpy(column: pa.ChunkedArray, shape: tuple[int, ...]) -> np.ndarray:
    array = column.combine_chunks()
    if isinstance(array, pa.ChunkedArray):  # no rows, no chunks
        return np.zeros(
            (0, *shape), column.type.value_type.to_pandas_dtype() if shape else column.type.to_pandas_dtype()
        )
    # Not flatten(), which imports Arrow's compute functions: no row is missing, and no slice was taken.
    flat = array.values if shape else array
    return np.array(flat.to_numpy(zero_copy_only=False)).reshape(-1, *shape)
