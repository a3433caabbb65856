"""Jobs at every point of their way, as the service shows them."""

from __future__ import annotations

from typing import Any

from tests.serve.page.scripted import new_job

OPTIONS: dict[str, Any] = {
    "engines": [
        {
            "name": "unit_selection",
            "about": "the person’s own mouth, at the resolution of the video",
            "ready": True,
            "why": "",
        },
        {
            "name": "wav2lip",
            "about": "a network, 96 pixels",
            "ready": False,
            "why": "its model files are not there",
        },
    ],
    "presets": [
        {"name": "balanced", "about": "no loss is seen"},
        {"name": "best", "about": "larger files, nearer to the source"},
        {"name": "fast", "about": "quicker, coarser picture"},
    ],
    "containers": ["mp4", "mov", "mkv"],
    "limits": {"max_mb": 2000.0, "max_seconds": 3600.0},
    "options": [
        {"name": "speakers.rows", "type": "list", "about": "who says what"},
        {"name": "sync.mode", "type": "str", "about": "where lengths differ"},
    ],
    "auth": False,
    "consent": False,
}


def triage_result(job: str, *, people: int = 2) -> dict[str, Any]:
    """Of two shots, with two people, a sound that is longer, and a warning."""
    shots = [
        {
            "number": 0,
            "start": 0,
            "stop": 60,
            "start_s": 0.0,
            "stop_s": 2.4,
            "faces": [0, 1],
            "speakers": [0],
            "width_px": 190.0,
            "dubbed": 1.0,
            "left_alone": {},
            "shown": 30,
        },
        {
            "number": 1,
            "start": 60,
            "stop": 75,
            "start_s": 2.4,
            "stop_s": 3.0,
            "faces": [2],
            "speakers": [2],
            "width_px": 120.0,
            "dubbed": 0.4,
            "left_alone": {"profile": 0.4, "none": 0.2},
            "shown": 64,
        },
    ]
    faces = [
        {
            "face": "0+2",
            "faces": [0, 2],
            "share": 0.92,
            "talks": 0.81,
            "shots": 2,
            "time": 1.2,
            "box": [10, 10, 80, 90],
            "picture": f"/v1/jobs/{job}/faces/0",
        },
        {
            "face": "1",
            "faces": [1],
            "share": 0.64,
            "talks": 0.12,
            "shots": 1,
            "time": 0.4,
            "box": [100, 10, 180, 90],
            "picture": f"/v1/jobs/{job}/faces/1",
        },
    ]
    return {
        "video": {
            "file": "talk.mp4",
            "codec": "h264 in mp4",
            "size": "1920x1080",
            "pixels": "yuv420p",
            "bit_depth": 8,
            "hdr": "no",
            "rotation": 0,
            "frames": 75,
            "seconds": 3.0,
            "rate": "25, constant",
            "keyframes": 3,
            "sound": True,
        },
        "sound": {
            "file": "hola.wav",
            "codec": "pcm_s16le",
            "seconds": 3.9,
            "rate": 16000,
            "channels": 1,
            "speech": 0.83,
        },
        "output": {
            "frames": 75,
            "seconds": 3.0,
            "rate": "25, constant",
            "sync_mode": "silence",
            "lengths": "the last 0.90 s of the sound are cut",
            "engine": "unit_selection",
            "chunks": 3,
            "encoder": "libx264",
        },
        "faces": {
            "shots": 2,
            "faces_at_once": 2,
            "face_width_px": 190.0,
            "frames_dubbed": 66,
            "share_dubbed": 0.88,
            "passed_through": {"none": 3, "tiny": 0, "profile": 6, "occluded": 0, "kept": 0},
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
        "people": faces[:people],
        "chosen": ["0+2"],
    }


def triage(name: str = "check", **values: Any) -> dict[str, Any]:
    links = {"self": f"/v1/jobs/{name}", "strip": f"/v1/jobs/{name}/strip", "video": f"/v1/jobs/{name}/video"}
    return new_job(name, **{"state": "done", "result": triage_result(name), "links": links, **values})


def running(name: str = "dub", **values: Any) -> dict[str, Any]:
    progress = {
        "stage": "render", "done": 41, "total": 75, "share": 0.52, "seconds_left": 68.0, "note": "",
        "chunks": {"total": 12, "done": [0, 1, 2, 3, 5], "running": [4, 6]},
    }  # fmt: skip
    return new_job(name, **{"kind": "dub", "state": "running", "progress": progress, **values})


def dubbed(name: str = "dub", **values: Any) -> dict[str, Any]:
    links = {what: f"/v1/jobs/{name}/{what}" for what in ("result", "report", "sidecar", "video", "audio")}
    quality = {
        "version": 1,
        "concern": 0.4,
        "figures": {
            "sync": {"r": 0.91, "gain": 0.9, "offset_ms": 12.0, "hits": 9, "closed": 10},
            "own_offset_ms": 4.0,
            "offset_change_ms": 8.0,
            "sharpness": 0.97,
            "jitter": 1.0,
            "passed_through": {},
        },
        "flags": [
            {
                "kind": "sync",
                "start": 25,
                "stop": 50,
                "value": 0.41,
                "limit": 0.5,
                "text": "the mouth does not follow the sound (r 0.41)",
            },
            {
                "kind": "offset",
                "start": 0,
                "stop": 75,
                "value": 95.0,
                "limit": 80.0,
                "text": "the mouth comes +95 ms after its sound, beyond the source's own offset; "
                "sync.offset moves it",
            },
        ],
    }
    result = {
        "frames": 75,
        "seconds": 3.0,
        "digest": "0",
        "passed_through": {"none": 3},
        "untouched_chunks": 0,
        "quality": quality,
        "stages": {},
        "bytes": 2_340_000,
    }
    return new_job(
        name,
        **{
            "kind": "dub",
            "state": "done",
            "result": result,
            "links": {"self": f"/v1/jobs/{name}", **links},
            **values,
        },
    )


def failed(code: str, message: str, name: str = "check", **values: Any) -> dict[str, Any]:
    links = {"self": f"/v1/jobs/{name}", "video": f"/v1/jobs/{name}/video"}
    return new_job(
        name, **{"state": "failed", "error": {"code": code, "message": message}, "links": links, **values}
    )
