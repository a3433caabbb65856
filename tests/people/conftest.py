"""The network that tells people apart, and clips of two real people."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from lipsync_ray.errors import WeightsMissing
from lipsync_ray.faces.follow import Follower
from lipsync_ray.faces.models import FaceModels, load_models
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.media.colour import planes_from_rgb, rgb_of
from lipsync_ray.media.frame import Frame, PixelLayout
from lipsync_ray.people.likeness import WEIGHTS, Describer
from lipsync_ray.weights.store import WeightStore
from tests.conftest import ROOT

SIDE = 320  # px, of the square that shows a person
SHOT = 24  # frames of the shots with two people; the last one has half as many
_LAYOUT = PixelLayout(depth=8, shift_x=0, shift_y=0, matrix="bt601", full_range=True)

Describe = Callable[[np.ndarray], np.ndarray]


@pytest.fixture(scope="session")
def weights() -> WeightStore:
    """The weights of this machine, fetched if they are not there yet."""
    store = WeightStore()
    try:
        store.pull(["face_detector", "face_mesh", WEIGHTS])
    except WeightsMissing as error:
        pytest.skip(f"face weights cannot be fetched: {error}")
    return store


@pytest.fixture(scope="session")
def models(weights: WeightStore) -> FaceModels:
    return load_models(weights)


@pytest.fixture(scope="session")
def describer(weights: WeightStore) -> Describer:
    return Describer(weights)


@pytest.fixture(scope="session")
def describe(models: FaceModels, describer: Describer) -> Describe:
    """The description of the largest face of a picture with even sides."""

    def run(rgb: np.ndarray) -> np.ndarray:
        frame = Frame(index=0, planes=planes_from_rgb(np.ascontiguousarray(rgb), _LAYOUT), layout=_LAYOUT)
        seen = Follower(models, FaceSettings()).step(frame, cut=True)
        return describer.describe(rgb_of(seen[0].near), seen[0].local)

    return run


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """The portrait among the examples, RGB."""
    picture = cv2.imread(str(ROOT / "examples" / "portrait.png"), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.ascontiguousarray(picture[..., ::-1])


def _frames(path: Path, count: int) -> list[np.ndarray]:
    with av.open(str(path)) as container:
        frames = (frame.to_ndarray(format="rgb24") for frame in container.decode(video=0))
        return [
            cv2.resize(rgb, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
            for _, rgb in zip(range(count), frames, strict=False)
        ]


@dataclass(frozen=True, slots=True, kw_only=True)
class Pair:
    """Two real people who talk, each in squares of ``SIDE``; the last frames show neither of the first."""

    anna: list[np.ndarray]
    ben: list[np.ndarray]


@pytest.fixture(scope="session")
def pair(media_dir: Path) -> Pair:
    count = 3 * SHOT
    return Pair(
        anna=_frames(media_dir / "talk_closeup_590.mp4", count),
        ben=_frames(media_dir / "talk_vfr_700.mp4", count),
    )


def _pictures(pair: Pair, portrait: np.ndarray) -> Iterator[np.ndarray]:
    third = cv2.resize(portrait, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    for number in range(2 * SHOT + SHOT // 2):
        shot = number // SHOT
        left, right = [(pair.anna, pair.ben), (pair.ben, pair.anna), (None, None)][shot]
        picture = np.full((SIDE, 2 * SIDE, 3), (60, 150, 230)[shot], np.uint8)
        picture[:, :SIDE] = third if left is None else left[number]
        if right is not None:
            picture[:, SIDE:] = right[number]
        yield picture


@pytest.fixture(scope="session")
def crossing(pair: Pair, portrait: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Anna left and Ben right; after a cut Ben left and Anna right; after another one a third person left."""
    path = tmp_path_factory.mktemp("people") / "crossing.mp4"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"preset": "ultrafast", "crf": "15"})
        stream.width, stream.height, stream.pix_fmt = 2 * SIDE, SIDE, "yuv420p"
        for picture in _pictures(pair, portrait):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24")))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="session")
def anna(pair: Pair, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A picture of Anna at another moment than any that the clip shows, brighter and smaller."""
    path = tmp_path_factory.mktemp("people") / "anna.png"
    small = cv2.resize(pair.anna[-1], (200, 200), interpolation=cv2.INTER_AREA)
    cv2.imwrite(str(path), np.clip(small[..., ::-1] * 1.2, 0, 255).astype(np.uint8))
    return path
