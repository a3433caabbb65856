"""Signing a file by itself: what keeps it from being written."""

from __future__ import annotations

import json
import resource
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from lipsync_ray.errors import OutputUnwritable, SigningFailed
from lipsync_ray.provenance.identity import Identity, load_identity
from lipsync_ray.provenance.settings import ProvenanceSettings
from lipsync_ray.provenance.signing import seal
from lipsync_ray.storage.whole import atomic_path, spare_path
from tests.provenance.conftest import Home

MANIFEST = {
    "label": "urn:c2pa:6a9b1f6e-0000-4000-8000-000000000000",
    "title": "out.mp4",
    "claim_generator_info": [{"name": "lipsync_ray"}],
    "assertions": [
        {
            "label": "c2pa.actions.v2",
            "data": {
                "actions": [
                    {
                        "action": "c2pa.created",
                        "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/digitalCapture",
                    }
                ]
            },
        }
    ],
}


_PEAK = """
import json, re, sys
from pathlib import Path
from lipsync_ray.provenance.identity import load_identity
from lipsync_ray.provenance.settings import ProvenanceSettings
from lipsync_ray.provenance.signing import seal

identity = load_identity(ProvenanceSettings())
for name in sys.argv[2:]:
    seal(Path(name), Path(name).with_suffix(".signed.mp4"), json.loads(sys.argv[1]), (), identity)
    print(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1])  # KiB
"""


@pytest.fixture(scope="module")
def identity(_own_keys: None) -> Identity:
    return load_identity(ProvenanceSettings())


@contextmanager
def room_for(size: int) -> Iterator[None]:
    """No file may grow beyond ``size`` bytes: writing fails as on a full disk."""
    old = signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (size, limits[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
        signal.signal(signal.SIGXFSZ, old)


def test_a_full_disk_is_told_as_such(
    home: Home, identity: Identity, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lipsync_ray.storage.whole._FULL", (27,))  # EFBIG stands for ENOSPC

    def sign() -> None:
        with atomic_path(tmp_path / "out.mp4") as path, spare_path(path) as raw:
            raw.write_bytes((home.folder / "talk.mp4").read_bytes())
            with room_for(20_000):
                seal(raw, path, MANIFEST, (), identity)

    with pytest.raises(OutputUnwritable, match=r"cannot write .*out\.mp4: File too large"):
        sign()
    assert not list(tmp_path.iterdir())


def test_a_missing_temporary_folder_is_named(
    home: Home, tmp_path: Path, identity: Identity, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw, size = tmp_path / "raw.mp4", 3_000_000  # a smaller one is copied into memory
    raw.write_bytes(
        (home.folder / "talk.mp4").read_bytes() + size.to_bytes(4, "big") + b"mdat" + bytes(size - 8)
    )
    monkeypatch.setenv("TMPDIR", str(tmp_path / "gone"))
    with pytest.raises(SigningFailed, match=r"needs room for a copy in .*gone \(TMPDIR\)"):
        seal(raw, tmp_path / "out.mp4", MANIFEST, (), identity)


@pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="nothing tells the peak of one process")
def test_a_file_that_is_signed_is_not_held_in_memory(home: Home, tmp_path: Path) -> None:
    small, large = tmp_path / "small.mp4", tmp_path / "large.mp4"
    small.write_bytes((home.folder / "talk.mp4").read_bytes())
    size = 60_000_000
    large.write_bytes(small.read_bytes() + size.to_bytes(4, "big") + b"mdat" + bytes(size - 8))
    command = [sys.executable, "-c", _PEAK, json.dumps(MANIFEST), str(small), str(large)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    before, after = map(int, done.stdout.split())
    assert (after - before) * 1024 < 0.3 * size
