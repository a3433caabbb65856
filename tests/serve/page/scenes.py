"""Jobs at every point of their way, in the real service's store: no runner moves them, the test does."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from lipsync_ray.serve.job import InputFile, ServedJob
from tests.conftest import ROOT
from tests.serve.api.served import House

SOUND = ROOT / "examples" / "hola.wav"
TALK = InputFile(name="talk.mp4", place="video.mp4", bytes=1_000_000)
WORDS = InputFile(name="hola.wav", place="audio.wav", bytes=200_000)
CHOSEN = {"engine": "unit_selection", "preset": "balanced"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A service whose jobs are put where a test wants them."""

    house: House
    video: Path  # what every job has; the sound is the example

    @property
    def url(self) -> str:
        return self.house.url

    def put(self, id: str, files: Mapping[str, Path | bytes] | None = None, **values: Any) -> str:
        """A job that is there; ``files`` lie in its folder."""
        shown: dict[str, Any] = {"kind": "triage", "options": CHOSEN, "video": TALK, "audio": WORDS, **values}
        given = {"video.mp4": self.video, "audio.wav": SOUND, **(files or {})}
        contents = {n: file if isinstance(file, bytes) else file.read_bytes() for n, file in given.items()}
        self.house.add(id=id, files=contents, **shown)
        return id

    def change(self, id: str, **values: Any) -> None:
        assert self.house.store.change(id, **values) is not None

    def job(self, id: str) -> ServedJob | None:
        return self.house.store.get(id)

    def newest(self) -> ServedJob:
        return self.house.store.find(limit=1)[0]

    def jobs(self) -> int:
        return len(self.house.store.find(limit=200))


def triage(job: str) -> dict[str, Any]:
    """Two shots, two people, a sound that is longer than the video, and warnings."""
    shots = [
        shot(0, 0, 60, faces=[0, 1], speakers=[0], dubbed=1.0),
        shot(1, 60, 75, faces=[2], speakers=[2], dubbed=0.4, left_alone={"profile": 0.4, "none": 0.2}),
    ]
    return {
        "video": {
            **{"file": "talk.mp4", "codec": "h264 in mp4", "size": "1920x1080", "pixels": "yuv420p"},
            **{"bit_depth": 8, "hdr": "no", "rotation": 0, "frames": 75, "seconds": 3.0},
            **{"rate": "25, constant", "keyframes": 3, "sound": True},
        },
        "sound": {"file": "hola.wav", "codec": "pcm_s16le", "seconds": 3.9, "rate": 16000, "speech": 0.83},
        "output": {
            **{"frames": 75, "seconds": 3.0, "rate": "25, constant", "sync_mode": "silence"},
            **{"lengths": "the last 0.90 s of the sound are cut", "chunks": 3, "encoder": "libx264"},
        },
        "faces": {
            **{"shots": 2, "faces_at_once": 2, "face_width_px": 190.0, "frames_dubbed": 66},
            **{"share_dubbed": 0.88, "passed_through": {"none": 3, "tiny": 0, "profile": 6, "kept": 0}},
        },
        "shots": shots,
        "warnings": [
            "the sound is 0.90 s longer than the video: the last 0.90 s of the sound are cut "
            "(sync.mode=silence)",
            "several faces in shot 0: the largest one speaks; face.select chooses another, "
            "speakers.map gives each a sound",
        ],
        "plan": {},
        "estimate": {"wall_s": 74.0, "cpu_s": 120.0, "gpu_s": 0.0, "cost_usd": None, "learnt": True},
        "people": [
            person(job, [0, 2], share=0.92, talks=0.81, shots=2),
            person(job, [1], share=0.64, talks=0.12, shots=1),
        ],
        "chosen": ["0+2"],
    }


def shot(number: int, start: int, stop: int, **values: Any) -> dict[str, Any]:
    times = {"start_s": start / 25, "stop_s": stop / 25, "width_px": 190.0, "shown": start}
    return {"number": number, "start": start, "stop": stop, **times, "left_alone": {}, **values}


def person(job: str, faces: list[int], **values: Any) -> dict[str, Any]:
    name = "+".join(str(face) for face in faces)
    picture = f"/v1/jobs/{job}/faces/{faces[0]}"
    return {"face": name, "faces": faces, "time": 1.2, "box": [0, 0, 9, 9], "picture": picture, **values}


RENDERING = {
    **{"stage": "render", "done": 41, "total": 75, "share": 0.55, "seconds_left": 68.0, "note": ""},
    "chunks": {"total": 12, "done": [0, 1, 2, 3, 5], "running": [4, 6]},
}

FLAGS = [
    {
        **{"kind": "sync", "start": 25, "stop": 50, "value": 0.41, "limit": 0.5},
        "text": "the mouth does not follow the sound (r 0.41)",
    },
    {
        **{"kind": "offset", "start": 0, "stop": 75, "value": 95.0, "limit": 80.0},
        "text": "the mouth comes +95 ms after its sound, beyond the source's own offset; "
        "sync.offset moves it",
    },
]
FIGURES = {
    "sync": {"r": 0.91, "gain": 0.9, "offset_ms": 12.0, "hits": 9, "closed": 10},
    **{"own_offset_ms": 4.0, "offset_change_ms": 8.0, "sharpness": 0.97, "jitter": 1.0},
}
DUBBED = {
    **{"frames": 75, "seconds": 3.0, "digest": "0", "passed_through": {"none": 3}, "untouched_chunks": []},
    "quality": {"version": 1, "concern": 0.4, "figures": FIGURES, "flags": FLAGS},
    **{"stages": {}, "bytes": 2_340_000},
}
REPORT = b"<!doctype html><title>Quality</title><style>p{color:green}</style><p>The figures of this dub.</p>"


def checked(stage: Stage, id: str = "check", **values: Any) -> str:
    """A triage that is done."""
    return stage.put(id, **{"state": "done", "result": triage(id), **values})


def unheard(stage: Stage, id: str = "unheard", **values: Any) -> str:
    """A triage that is done, made without a sound."""
    told = triage(id)
    output = {**told["output"], "lengths": "1.00 s of silence at the end"}
    result = {**told, "sound": None, "output": output, "warnings": told["warnings"][1:]}
    return stage.put(id, **{"audio": None, "state": "done", "result": result, **values})


def rendering(stage: Stage, id: str = "dub", **values: Any) -> str:
    """A dub that is half drawn."""
    return stage.put(id, **{"kind": "dub", "state": "running", "progress": RENDERING, **values})


def dubbed(stage: Stage, id: str = "dub", **values: Any) -> str:
    """A dub that is done; it looks like its source."""
    files = {"result.mp4": stage.video, "result.report.html": REPORT, "result.json": b"{}"}
    files |= values.pop("files", {})
    return stage.put(id, files, **{"kind": "dub", "state": "done", "result": DUBBED, **values})


def previewed(stage: Stage, id: str = "preview", **values: Any) -> str:
    """A preview that is done: a gray frame."""
    _, picture = cv2.imencode(".png", np.full((40, 120, 3), 90, np.uint8))
    result = {"kind": "frame", "frames": [1], "bytes": len(picture)}
    files = {"result.png": picture.tobytes()}
    return stage.put(id, files, **{"kind": "preview", "state": "done", "result": result, **values})


def failed(stage: Stage, code: str, message: str, id: str = "check", **values: Any) -> str:
    """A triage that could not be done."""
    return stage.put(id, **{"state": "failed", "error_code": code, "error_message": message, **values})
