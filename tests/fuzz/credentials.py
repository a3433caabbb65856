"""Bytes as a file that says where it comes from: what ``verify`` reads of it."""

from __future__ import annotations

from pathlib import Path

from lipsync_ray.provenance.identity import load_identity
from lipsync_ray.provenance.settings import ProvenanceSettings
from lipsync_ray.provenance.signing import seal
from lipsync_ray.provenance.verify import verify
from tests.fuzz.media import video_seeds
from tests.fuzz.target import Target


def read_verified(data: bytes, folder: Path) -> object:
    """The first byte tells whether the rest is a video, or the manifest beside one."""
    embedded = data[:1] < b"\x80"
    name = "case.mp4" if embedded else "case.mkv"
    (folder / name).write_bytes(data[1:] if embedded else b"\x1a\x45\xdf\xa3")
    (folder / "case.c2pa").write_bytes(data[1:])
    return verify(str(folder / name))


def signed_seeds(folder: Path) -> list[bytes]:
    """A signed video, and the manifest of one."""
    (folder / "raw.mp4").write_bytes(video_seeds(folder)[0])
    (folder / "raw.mkv").write_bytes(video_seeds(folder)[1])
    identity = load_identity(ProvenanceSettings())
    inside = folder / "out.mp4"
    seal(folder / "raw.mp4", inside, _MANIFEST, (), identity)
    beside = seal(folder / "raw.mkv", folder / "out.mkv", _MANIFEST, (), identity).beside or b""
    return [b"\x00" + inside.read_bytes(), b"\xff" + beside]


_ACTION = {
    "action": "c2pa.created",
    "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
}
_MANIFEST = {
    "label": "urn:c2pa:6a9b1f6e-0000-4000-8000-000000000000",
    "title": "out.mp4",
    "claim_generator_info": [{"name": "lipsync_ray"}],
    "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [_ACTION]}}],
}
TARGETS = (
    Target(name="credentials", feed=read_verified, seeds=signed_seeds, tokens=(b"jumb", b"c2pa", b"uuid")),
)
