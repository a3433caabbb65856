"""How alike faces of one person are, and of different people: as they are, and made worse."""

from __future__ import annotations

import argparse
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
from threadpoolctl import threadpool_limits

from lipsync_ray.faces.follow import Follower
from lipsync_ray.faces.models import FaceModels, load_models
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.media.colour import planes_from_rgb, rgb_of
from lipsync_ray.media.frame import Frame, PixelLayout
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from lipsync_ray.people.likeness import SAME, Describer, likeness
from lipsync_ray.weights.store import WeightStore

FRAMES = 8  # of a video, spread over it
_LAYOUT = PixelLayout(depth=8, shift_x=0, shift_y=0, matrix="bt601", full_range=True)

Treatment = Callable[[np.ndarray], np.ndarray]


def scaled(face: int) -> Treatment:
    """As far away as makes a face of 200 px, as the pictures are brought to, this large."""

    def treat(rgb: np.ndarray) -> np.ndarray:
        size = (max(2, rgb.shape[1] * face // 200), max(2, rgb.shape[0] * face // 200))
        return cv2.resize(rgb, size, interpolation=cv2.INTER_AREA)

    return treat


def _turned(degrees: float) -> Treatment:
    def treat(rgb: np.ndarray) -> np.ndarray:
        height, width = rgb.shape[:2]
        matrix = cv2.getRotationMatrix2D((width / 2, height / 2), degrees, 1)
        return cv2.warpAffine(rgb, matrix, (width, height), borderMode=cv2.BORDER_REPLICATE)

    return treat


def _jpeg(quality: int) -> Treatment:
    def treat(rgb: np.ndarray) -> np.ndarray:
        data = cv2.imencode(".jpg", rgb[..., ::-1], [cv2.IMWRITE_JPEG_QUALITY, quality])[1]
        return np.asarray(cv2.imdecode(data, cv2.IMREAD_COLOR))[..., ::-1]

    return treat


def _level(factor: np.ndarray | float) -> Treatment:
    return lambda rgb: np.clip(rgb * factor, 0, 255).astype(np.uint8)


TREATMENTS: dict[str, Treatment] = {
    "as it is": lambda rgb: rgb,
    "face 100 px": scaled(100),
    "face 60 px": scaled(60),
    "face 40 px": scaled(40),
    "a third of the light": _level(0.33),
    "overexposed, 1.6 times the light": _level(1.6),
    "warm light": _level(np.array([1.15, 0.95, 0.7])),
    "grey": lambda rgb: np.repeat(cv2.cvtColor(rgb, cv2.COLOR_RGB2GRAY)[..., None], 3, 2),
    "head leant by 20 degrees": _turned(20),
    "JPEG of quality 10": _jpeg(10),
    "out of focus (sigma 4 px)": lambda rgb: cv2.GaussianBlur(rgb, (0, 0), 4),
    "mirrored": lambda rgb: rgb[:, ::-1],
}


def frames_of(path: Path, models: FaceModels) -> list[np.ndarray]:
    """Surroundings of the largest face in a few frames, shrunk or grown so that it is 200 px large."""
    table = build_table(path)
    out = []
    with open_reader(table) as reader:
        for frame in reader.frames(np.unique(np.linspace(0, len(table) - 1, FRAMES).astype(int))):
            if seen := Follower(models, FaceSettings()).step(frame, cut=True):
                x0, y0, x1, y1 = seen[0].box
                side, rgb = float(np.hypot(x1 - x0, y1 - y0)) / 2**0.5, rgb_of(frame)
                rows, columns = (slice(max(0, int(a - side)), int(b + side)) for a, b in ((y0, y1), (x0, x1)))
                size = [int(n * 200 / side) for n in rgb[rows, columns].shape[1::-1]]
                out.append(cv2.resize(rgb[rows, columns], size, interpolation=cv2.INTER_AREA))
    return out


def described(rgb: np.ndarray, models: FaceModels, describer: Describer) -> np.ndarray | None:
    """The description of the largest face, None where none is found."""
    rgb = np.ascontiguousarray(rgb[: rgb.shape[0] // 2 * 2, : rgb.shape[1] // 2 * 2])
    frame = Frame(index=0, planes=planes_from_rgb(rgb, _LAYOUT), layout=_LAYOUT)
    seen = Follower(models, FaceSettings()).step(frame, cut=True)
    return describer.describe(rgb_of(seen[0].near), seen[0].local) if seen else None


def main() -> None:
    """Print a table for the people that the command line names."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", metavar="NAME=FILE", help="a picture or video of a person")
    threadpool_limits(1)  # as in workers
    store = WeightStore()
    models, describer = load_models(store), Describer(store)
    given = [text.partition("=") for text in parser.parse_args().files]
    faces = [(name, file, rgb) for name, _, file in given for rgb in frames_of(Path(file), models)]
    plain = [described(rgb, models, describer) for _, _, rgb in faces]
    print("| as the second of two pictures | same person: least | median | others: most | median | found |")
    print("|---|---|---|---|---|---|")
    for title, treat in TREATMENTS.items():
        worse = [described(treat(rgb), models, describer) for _, _, rgb in faces]
        same, other = [], []
        for i, one in enumerate(plain):
            for j, two in enumerate(worse):
                if i != j and one is not None and two is not None:
                    (same if faces[i][0] == faces[j][0] else other).append(float(likeness(one, two)))
        found = sum(two is not None for two in worse)
        figures = (min(same), np.median(same), max(other), np.median(other))
        print(f"| {title} |", *(f"{value:.2f} |" for value in figures), f"{found}/{len(faces)} |")
    print(f"\nthe same person: {SAME} and more")


if __name__ == "__main__":
    main()
