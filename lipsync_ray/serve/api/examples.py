"""Examples for the description in OpenAPI: what the service really answers, somewhat shortened."""

from __future__ import annotations

from typing import Any

from pydantic import ConfigDict

ID = "q8v3TBYbGN0aZs1uQmXKpw"
OTHER_ID = "0Yb7cD2kRaVnE5tHx9LmQw"

VIDEO: dict[str, Any] = {"name": "interview.mp4", "bytes": 48_120_331}
AUDIO: dict[str, Any] = {
    "name": "spanish.wav",
    "bytes": 5_760_044,
    "uri": "s3://footage/in/spanish.wav",
}
CHUNKS: dict[str, Any] = {"total": 8, "done": [0, 1, 2], "running": [3, 4]}
PROGRESS: dict[str, Any] = {
    "stage": "render",
    "done": 612,
    "total": 1500,
    "share": 0.408,
    "chunks": CHUNKS,
    "seconds_left": 71.5,
    "note": "",
}
CALLBACK: dict[str, Any] = {"url": "https://hooks.example.com/dubs", "state": "due", "tries": 0}
ERROR: dict[str, Any] = {
    "code": "FACE_NONE",
    "message": "no face in interview.mp4 (checked 1500 of 1500 frames)",
}
_ASKED: dict[str, Any] = {
    "id": ID,
    "kind": "dub",
    "engine": "unit_selection",
    "preset": "fast",
    "options": {"encode.crf": 18, "sync.mode": "loop"},
    "container": "mp4",
    "video": VIDEO,
    "audio": AUDIO,
    "created": "2026-01-31T12:00:00.000Z",
    "callback": CALLBACK,
}
RUNNING: dict[str, Any] = {
    **_ASKED,
    "state": "running",
    "started": "2026-01-31T12:00:04.512Z",
    "finished": None,
    "position": None,
    "starts": 1,
    "progress": PROGRESS,
    "result": None,
    "error": None,
    "links": {
        "self": f"/v1/jobs/{ID}",
        "events": f"/v1/jobs/{ID}/events",
        "cancel": f"/v1/jobs/{ID}/cancel",
        "video": f"/v1/jobs/{ID}/video",
    },
}
DONE: dict[str, Any] = {
    **RUNNING,
    "state": "done",
    "finished": "2026-01-31T12:02:10.020Z",
    "progress": {**PROGRESS, "stage": "stitch", "done": 8, "total": 8, "share": 1.0, "seconds_left": None},
    "result": {"frames": 1500, "seconds": 60.0, "chunks": 8, "chunks_reused": 0, "bytes": 51_200_133},
    "callback": {**CALLBACK, "state": "sent", "tries": 1},
    "links": {
        **{name: f"/v1/jobs/{ID}/{name}" for name in ("events", "result", "report", "sidecar", "video")},
        "self": f"/v1/jobs/{ID}",
    },
}
FAILED: dict[str, Any] = {
    **RUNNING,
    "id": OTHER_ID,
    "state": "failed",
    "finished": "2026-01-31T12:00:09.300Z",
    "progress": None,
    "error": ERROR,
    "callback": None,
    "links": {"self": f"/v1/jobs/{OTHER_ID}", "events": f"/v1/jobs/{OTHER_ID}/events"},
}
ENGINE: dict[str, Any] = {
    "name": "unit_selection",
    "about": "the person's own mouth from the same video: no GPU needed",
    "ready": True,
    "why": "",
}
PRESET: dict[str, Any] = {"name": "fast", "about": "less CPU time, a picture further from the source"}
OPTION: dict[str, Any] = {
    "name": "encode.crf",
    "type": "a whole number or null",
    "default": "null",
    "choices": [],
    "about": "quality, 0 (best) to 51; null: visually lossless (17 for libx264)",
    "engine": None,
}
OPTIONS: dict[str, Any] = {
    "engines": [ENGINE],
    "presets": [PRESET],
    "containers": ["mp4", "mov", "mkv"],
    "kinds": ["dub", "triage", "preview"],
    "limits": {"max_mb": 2000.0, "max_seconds": 3600.0, "quota_seconds": None, "keep_days": 30.0},
    "options": [OPTION],
    "auth": True,
    "consent": False,
    "uris": True,
    "callbacks": True,
}
PROBLEM: dict[str, Any] = {
    "type": "about:blank",
    "title": "Unprocessable Content",
    "status": 422,
    "code": "LIMIT",
    "detail": "interview.mp4 has 5400 s; 3600 s are the most that is taken",
}
READY: dict[str, Any] = {
    "ready": False,
    "checks": {
        "store": "ok",
        "disk": "ok",
        "secret": "ok",  # nosec B105
        "page": "ok",
        "runner": "nobody works on jobs",
    },
}
WISH: dict[str, Any] = {
    "video": "s3://footage/in/interview.mp4",
    "audio": "s3://footage/in/spanish.wav",
    "preset": "fast",
    "options": {"encode.crf": 18},
}
FORM: dict[str, Any] = {"files_of": ID, "kind": "preview", "options": '{"preview.kind": "clip"}'}
METRICS = (
    "# TYPE lipsync_ray_serve_jobs gauge\n"
    'lipsync_ray_serve_jobs{state="queued"} 3.0\n'
    'lipsync_ray_serve_jobs{state="running"} 1.0\n'
)


def shown_by(*examples: dict[str, Any], **more: Any) -> ConfigDict:
    """The configuration of a model that has these examples."""
    return ConfigDict(json_schema_extra={"examples": list(examples)}, **more)
