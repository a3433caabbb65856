from __future__ import annotations

import io
import wave
from collections.abc import Iterator

import pytest

from tests.clips import make_clip
from tests.serve.api.served import TOKENS, House, house


@pytest.fixture(scope="session")
def video(tmp_path_factory: pytest.TempPathFactory) -> bytes:
    """Three seconds of 192x108."""
    return make_clip("with_audio", tmp_path_factory.mktemp("served") / "clip").path.read_bytes()


def sound(seconds: int) -> bytes:
    """Silence."""
    out = io.BytesIO()
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(16_000)
        file.writeframes(bytes(32_000 * seconds))
    return out.getvalue()


@pytest.fixture(scope="session")
def audio() -> bytes:
    """A second of silence."""
    return sound(1)


@pytest.fixture(scope="session")
def files(video: bytes, audio: bytes) -> dict[str, tuple[str, bytes]]:
    """What a form of httpx takes."""
    return {"video": ("a clip.mp4", video), "audio": ("voice.wav", audio)}


@pytest.fixture(scope="module")
def open_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service without tokens, that many tests ask."""
    with house(tmp_path_factory.mktemp("open"), burst=100_000) as made:
        yield made


@pytest.fixture(scope="module")
def owned_house(tmp_path_factory: pytest.TempPathFactory) -> Iterator[House]:
    """A service of two owners."""
    with house(tmp_path_factory.mktemp("owned"), burst=100_000, tokens=TOKENS) as made:
        yield made
