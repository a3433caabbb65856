"""Source and output side by side, for the eye.

    python benchmarks/contact_sheet.py SOURCE OUTPUT SHEET.png [--frames 12] [--zoom 4] [--start S --stop S]

One tile per frame, as in a sheet of `preview`, but of a finished video: the face of the source and of the
output with their times, and below them both mouths, enlarged, cut from the same place. Frames are matched by
time: an output frame stands beside the source frame that is shown at its moment (in sync.mode=loop, bounce or
remap that need not be the one it was made from).
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence

import cv2
import numpy as np

from lipsync_ray.errors import FaceNotFound, LipsyncError, OutputUnwritable
from lipsync_ray.faces.follow import Follower
from lipsync_ray.faces.models import load_models
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.media.colour import crop_rgb, planes_from_rgb
from lipsync_ray.media.frame import Box, Frame, PixelLayout
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.table import FrameTable
from lipsync_ray.preview.choice import spread
from lipsync_ray.preview.tiles import Pair, draw_sheet, mouth_size
from lipsync_ray.weights.store import WeightStore, default_folder

_LAYOUT = PixelLayout(depth=8, shift_x=0, shift_y=0, matrix="bt601", full_range=True)


def main(words: Sequence[str]) -> int:
    """Write the sheet."""
    options = _parser().parse_args(words)
    pairs = read_pairs(options.source, options.output, options.frames, options.start, options.stop)
    faces = find_faces([before for before, _, _ in pairs])
    tiles = (
        Pair(before=before, after=after, titles=titles, face=face)
        for (before, after, titles), face in zip(pairs, faces, strict=True)
    )
    sheet = draw_sheet(tiles, mouth_size(faces), options.zoom, options.columns)
    if not cv2.imwrite(options.sheet, sheet[..., ::-1]):
        raise OutputUnwritable(f"cannot write {options.sheet}: is its folder there, and does it end in .png?")
    print(f"{options.sheet}: {len(pairs)} frames, {sheet.shape[1]} x {sheet.shape[0]}")
    return 0


def read_pairs(
    source: str, output: str, count: int, start: float, stop: float | None
) -> list[tuple[np.ndarray, np.ndarray, tuple[str, str]]]:
    """Frames of source and output, RGB ``uint8[H,W,3]``, and their titles, from ``start`` to ``stop`` s.

    The output's are evenly spread; each stands beside the source frame of its time.
    """
    tables = build_table(source), build_table(output)
    times = tables[1].times()
    inside = (times >= start) & (times <= (times[-1] if stop is None else stop))
    if not inside.any():
        raise ValueError(f"no frame between {start} and {stop} s: {output} has them at 0..{times[-1]:.3f} s")
    shown = spread(inside, count)
    beside = nearest(tables[0].times(), times[shown])
    pictures = [read_frames(table, rows) for table, rows in zip(tables, (beside, shown), strict=True)]
    moments = tables[0].times()[beside], times[shown]
    return [
        (before, after, (f"source  {of:.3f} s", f"output  {at:.3f} s"))
        for before, after, of, at in zip(*pictures, *moments, strict=True)
    ]


def nearest(times: np.ndarray, wanted: np.ndarray) -> np.ndarray:
    """Number of the frame whose time is nearest to each wanted one, ``int64[m]``."""
    return np.searchsorted(0.5 * (times[1:] + times[:-1]), wanted)


def read_frames(table: FrameTable, rows: np.ndarray) -> list[np.ndarray]:
    """Whole frames as RGB."""
    whole = Box(x0=0, y0=0, x1=table.video.width, y1=table.video.height)
    with open_reader(table) as reader:
        return [crop_rgb(frame, whole) for frame in reader.frames(rows)]


def find_faces(pictures: list[np.ndarray]) -> list[np.ndarray]:
    """Landmarks of the largest face of each picture, ``float32[468,3]`` px.

    A picture in which none is found takes those of the one before (or after, at the beginning).

    Raises:
        FaceNotFound: no picture has a face.
    """
    models = load_models(WeightStore(folder=default_folder()))
    found: list[np.ndarray | None] = []
    for rgb in pictures:
        frame = Frame(index=0, planes=planes_from_rgb(rgb, _LAYOUT), layout=_LAYOUT)
        seen = Follower(models, FaceSettings()).step(frame, cut=True)  # the largest first
        found.append(seen[0].landmarks if seen else None)
    known = [k for k, face in enumerate(found) if face is not None]
    if not known:
        raise FaceNotFound(f"no face in any of the {len(pictures)} frames of the sheet")
    filled = [found[max((k for k in known if k <= row), default=known[0])] for row in range(len(found))]
    return [face for face in filled if face is not None]


def _parser() -> argparse.ArgumentParser:
    text = __doc__ or ""
    parser = argparse.ArgumentParser(
        description=text.splitlines()[0], epilog=text, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("source", help="the footage, or a picture")
    parser.add_argument("output", help="the dubbed video")
    parser.add_argument("sheet", help="the picture to write, .png or .jpg")
    parser.add_argument("--frames", type=int, default=12, help="how many frames")
    parser.add_argument("--zoom", type=float, default=4.0, help="of the mouths")
    parser.add_argument("--columns", type=int, default=3, help="tiles side by side")
    parser.add_argument("--start", type=float, default=0.0, help="s of the output, first frame")
    parser.add_argument("--stop", type=float, default=None, help="s of the output, last frame")
    return parser


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except (LipsyncError, ValueError) as error:
        sys.exit(f"contact_sheet: {error}")
