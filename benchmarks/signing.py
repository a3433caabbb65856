"""What signing and checking a file of a given size take: ``python benchmarks/signing.py 1000`` (MB)."""

from __future__ import annotations

import argparse
import resource
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av

from lipsync_ray.folders import private_folder
from lipsync_ray.provenance.facts import DubFacts
from lipsync_ray.provenance.identity import load_identity
from lipsync_ray.provenance.manifest import HEARD, PARENT, definition
from lipsync_ray.provenance.settings import ProvenanceSettings
from lipsync_ray.provenance.signing import Ingredient, seal
from lipsync_ray.provenance.verify import verify
from lipsync_ray.storage.whole import content_hash

GOP, WIDTH, HEIGHT = 25, 1280, 720


def write_large(path: Path, size: int) -> None:
    """A video of about ``size`` bytes: a second of noise, again and again."""
    import numpy as np

    noise = np.random.default_rng(0)
    with av.open(str(path), "w", options={"movflags": "+faststart"}) as out:
        stream = out.add_stream(
            "libx264", rate=GOP, options={"preset": "ultrafast", "bf": "0", "g": str(GOP)}
        )
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        packets = []
        for _ in range(GOP):
            picture = noise.integers(0, 256, (HEIGHT, WIDTH, 3), np.uint8)
            packets += stream.encode(av.VideoFrame.from_ndarray(picture, "rgb24"))
        packets += stream.encode()
        base = packets[0].time_base
        step, number, total = int(1 / (GOP * base)), 0, 0
        while total < size:
            for packet in packets:
                again = av.Packet(bytes(packet))
                again.stream, again.time_base = stream, base
                again.pts = again.dts = number * step
                again.is_keyframe = packet.is_keyframe
                out.mux(again)
                number, total = number + 1, total + packet.size


def timed(name: str, work: Callable[[], Any]) -> None:
    """Do it, and print what it took and the process's peak of memory so far."""
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{name:<8} {wall:7.2f} s, CPU {cpu:7.2f} s, peak {peak:.0f} MB")


def main() -> None:
    """Measure one size."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("megabytes", type=int)
    size = parser.parse_args().megabytes * 1_000_000
    facts = DubFacts(
        version="0",
        code="",
        engine="",
        weights={},
        settings_sha256="",
        frames=1,
        edited_frames=0,
        edited=(),
        digest="",
        files=(),
        audio_sha256="",
    )
    with private_folder() as folder:
        raw, out = folder / "raw.mp4", folder / "out.mp4"
        timed("write", lambda: write_large(raw, size))
        timed("key", lambda: load_identity(ProvenanceSettings()))
        identity = load_identity(ProvenanceSettings())
        used = [
            Ingredient(label="source", title="raw.mp4", relationship=PARENT, sha256="", path=raw),
            Ingredient(label="speech", title="speech.wav", relationship=HEARD, sha256="", path=None),
        ]
        told = definition(facts, "out.mp4", "video/mp4", used)
        timed("sign", lambda: seal(raw, out, told, used, identity))
        timed("hash", lambda: content_hash(out))
        timed("verify", lambda: verify(str(out)))
        print(f"{raw.stat().st_size:,} bytes, {out.stat().st_size - raw.stat().st_size:,} more when signed")


if __name__ == "__main__":
    main()
