"""Real weights, real faces, and clips composed of them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from lipsync_ray.errors import WeightsMissing
from lipsync_ray.faces.models import FaceModels, load_models
from lipsync_ray.weights.store import WeightStore

ROOT = Path(__file__).resolve().parents[2]
WriteClip = Callable[..., Path]  # (name, frames, rate=25)


@pytest.fixture(scope="session")
def weights() -> WeightStore:
    """The weights of this machine, fetched if they are not there yet."""
    store = WeightStore()
    try:
        store.pull(["face_detector", "face_mesh"])
    except WeightsMissing as error:
        pytest.skip(f"face weights cannot be fetched: {error}")
    return store


@pytest.fixture(scope="session")
def models(weights: WeightStore) -> FaceModels:
    return load_models(weights)


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """The portrait among the examples, RGB."""
    path = ROOT / "examples" / "portrait.png"
    if not path.is_file():
        pytest.skip(f"{path} is missing")
    return np.ascontiguousarray(cv2.imread(str(path), cv2.IMREAD_COLOR)[..., ::-1])


@pytest.fixture(scope="session")
def talking(media_dir: Path) -> list[np.ndarray]:
    """RGB frames of a real close-up, 2.4 s at 25 frames per second, 590 x 590."""
    with av.open(str(media_dir / "talk_closeup_590.mp4")) as container:
        frames = [
            f.to_ndarray(format="rgb24") for _, f in zip(range(60), container.decode(video=0), strict=False)
        ]
    return frames


@pytest.fixture(scope="session")
def write_clip(tmp_path_factory: pytest.TempPathFactory) -> WriteClip:
    """Write RGB frames as H.264 with a keyframe every 50 frames."""
    folder = tmp_path_factory.mktemp("clips")

    def write(name: str, frames: Iterable[np.ndarray], rate: int = 25) -> Path:
        path = folder / f"{name}.mp4"
        with av.open(str(path), "w") as container:
            stream = container.add_stream("libx264", rate=rate, options={"preset": "ultrafast", "crf": "14"})
            stream.pix_fmt, stream.gop_size, stream.time_base = "yuv420p", 50, Fraction(1, rate)
            for number, rgb in enumerate(frames):
                if not number:
                    stream.height, stream.width = rgb.shape[:2]
                frame = av.VideoFrame.from_ndarray(np.ascontiguousarray(rgb), format="rgb24")
                frame.pts, frame.time_base = number, Fraction(1, rate)
                container.mux(stream.encode(frame))
            container.mux(stream.encode(None))
        return path

    return write
