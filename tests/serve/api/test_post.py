from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from lipsync_ray.errors import StorageError
from tests.pictures import png
from tests.serve.api.served import House, house

Files = dict[str, tuple[str, bytes]]


def refused(answer: Any, status: int, code: str) -> str:
    """The words of a problem, once it is one of this kind."""
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told = answer.json()
    assert (told["status"], told["code"]) == (status, code), told
    return told["detail"]


def test_an_upload_becomes_a_job_with_its_files(open_house: House, files: Files, video: bytes) -> None:
    data = {
        "preset": "fast",
        "options": json.dumps({"encode.crf": 30, "sync.mode": "loop"}),
        "container": "mkv",
    }
    with open_house.client() as client:
        answer = client.post("/v1/jobs", data=data, files=files)
        assert answer.status_code == 202, answer.text
        job = answer.json()
        assert answer.headers["location"] == f"/v1/jobs/{job['id']}" == job["links"]["self"]
        again = client.get(answer.headers["location"]).json()
    assert again == job
    assert (job["engine"], job["preset"], job["container"]) == ("unit_selection", "fast", "mkv")
    assert job["options"] == {"encode.crf": 30, "sync.mode": "loop"}
    assert job["video"] == {"name": "a clip.mp4", "bytes": len(video)}
    kept = open_house.store.get(job["id"])
    assert kept is not None
    assert kept.video.sha256 == hashlib.sha256(video).hexdigest()
    assert kept.seconds == pytest.approx(3.0, abs=0.1)
    assert Path(open_house.places.source(kept)).read_bytes() == video
    assert open_house.places.job(kept.id).stat().st_mode & 0o777 == 0o700
    assert open_house.incoming() == []


@pytest.mark.parametrize(
    "name", ["../../x.mp4", "..\\..\\x.mp4", "/etc/passwd", "a\nb.mp4", "\u202eevil.exe", "x" * 3000]
)
def test_the_name_of_a_file_is_never_a_path(open_house: House, video: bytes, audio: bytes, name: str) -> None:
    with open_house.client() as client:
        answer = client.post("/v1/jobs", files={"video": (name, video), "audio": (name, audio)})
    assert answer.status_code == 202, answer.text
    job = open_house.store.get(answer.json()["id"])
    assert job is not None
    assert job.video.place in ("video.mp4", "video.bin")
    assert {path.name for path in open_house.places.job(job.id).iterdir()} == {
        job.video.place,
        job.audio.place,
    }
    assert not set("/\\\n\u202e") & set(job.video.name)
    assert len(job.video.name) <= 200


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"no video at all", "VIDEO_UNREADABLE"),
        (b"#EXTM3U\n#EXT-X-TARGETDURATION:3\n#EXTINF:3,\n/etc/passwd\n#EXT-X-ENDLIST\n", "VIDEO_UNREADABLE"),
        (b"ffconcat version 1.0\nfile video.mp4\n", "VIDEO_UNREADABLE"),
        (b"ffconcat version 1.0\nfile audio.wav\n", "VIDEO_UNREADABLE"),
        (b'<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011"></MPD>', "VIDEO_UNREADABLE"),
        (b"v=0\no=- 0 0 IN IP4 127.0.0.1\nc=IN IP4 127.0.0.1\nm=video 9 RTP/AVP 96\n", "VIDEO_UNREADABLE"),
        (b"", "EMPTY"),
    ],
    ids=["text", "hls", "concat", "concat of the sound", "dash", "sdp", "empty"],
)
@pytest.mark.parametrize("ending", ["mp4", "m3u8", "bin"])
def test_what_is_no_video_is_told_at_once(
    open_house: House, audio: bytes, content: bytes, code: str, ending: str
) -> None:
    before = set(open_house.places.jobs().iterdir())
    with open_house.client() as client:
        files = {"video": (f"clip.{ending}", content), "audio": ("v.wav", audio)}
        detail = refused(client.post("/v1/jobs", files=files), 422, code)
    assert str(open_house.places.root) not in detail
    assert set(open_house.places.jobs().iterdir()) == before
    assert open_house.incoming() == []


@pytest.mark.parametrize(
    "content", [b"noise", b"#EXTM3U\n#EXTINF:3,\nvideo.mp4\n", b"ffconcat version 1.0\nfile video.mp4\n"]
)
def test_what_is_no_sound_is_told_at_once(open_house: House, video: bytes, content: bytes) -> None:
    with open_house.client() as client:
        files = {"video": ("clip.mp4", video), "audio": ("v.wav", content)}
        detail = refused(client.post("/v1/jobs", files=files), 422, "AUDIO_UNREADABLE")
    assert "incoming" not in detail


@pytest.mark.parametrize(
    ("fields", "code"),
    [
        ({"options": '{"ray.cluster": "auto"}'}, "CONFIG"),
        ({"options": '{"audio.drive": "/etc/passwd"}'}, "CONFIG"),
        ({"options": '{"face.reference": "/etc/passwd"}'}, "CONFIG"),
        ({"options": '{"speakers.rows": [{"face": "left", "audio": "/etc/passwd"}]}'}, "CONFIG"),
        ({"options": '{"speakers.rows": [{"face": "/etc/a.jpg", "audio": "leave"}]}'}, "CONFIG"),
        ({"options": '{"encode.crf": "18"}'}, "CONFIG"),
        ({"options": '{"encode.crf": 99}'}, "CONFIG"),
        ({"options": '{"sync.fps": "1e99999999"}'}, "CONFIG"),
        ({"options": '{"sync.mode": "${oc.env:HOME}"}'}, "CONFIG"),
        ({"options": '{"quality.retry": ["engine"], "quality.retry_engine": "os:system"}'}, "CONFIG"),
        ({"options": "[" * 50_000}, "INVALID"),
        ({"options": "[]"}, "INVALID"),
        ({"engine": "os:system"}, "CONFIG"),
        ({"engine": "wav2lip"}, "CONFIG"),
        ({"preset": "../x"}, "CONFIG"),
        ({"container": "exe"}, "INVALID"),
        ({"kind": "format"}, "INVALID"),
        ({"owner": "anna"}, "INVALID"),
        ({"callback_url": "http://127.0.0.1/"}, "CALLBACK"),
        ({"files_of": "x"}, "FILES_OF"),
        ({"video": "s3://bucket/a.mp4"}, "FORM"),
    ],
)
def test_wrong_fields_are_refused(
    open_house: House, audio: bytes, video: bytes, fields: Any, code: str
) -> None:
    sent = {"audio": ("v.wav", audio)} | ({} if "video" in fields else {"video": ("clip.mp4", video)})
    with open_house.client() as client:
        refused(client.post("/v1/jobs", data=fields, files=sent), 422, code)
    assert open_house.incoming() == []


@pytest.mark.parametrize(
    "fields",
    [
        {"options": {"speakers.rows": [{"speaker": "\ud800", "face": "left"}]}},
        {"options": {"speakers.rows": [{"speaker": "a\0b", "face": "left"}]}},
        {"options": {"audio.\udfff": 1}},
        {"options": {"encode.preset": "fast\0"}},
        {"options": {"sync.delay_ms": float("nan")}},
        {"options": {"sync.delay_ms": float("inf")}},
        {"options": {"speakers.rows": json.loads("[" * 300 + "]" * 300)}},
        {"\ud800": "x"},
        *({name: f"a{sign}b"} for name in ("consent", "preset", "files_of", "video") for sign in "\0\ud800"),
    ],
    ids=str,
)
def test_what_is_no_text_is_refused_wherever_it_stands(
    open_house: House, files: Files, fields: dict[str, Any]
) -> None:
    before = len(open_house.store.find(limit=1000))
    with open_house.client() as client:
        first = client.post("/v1/jobs", data={"kind": "triage"}, files=files).json()["id"]
        body = json.dumps({"kind": "triage", "files_of": first, **fields})  # escapes are ASCII
        answer = client.post("/v1/jobs", content=body, headers={"content-type": "application/json"})
        refused(answer, 422, "INVALID")
        if "options" in fields:
            form = {"kind": "triage", "options": json.dumps(fields["options"])}
            refused(client.post("/v1/jobs", data=form, files=files), 422, "INVALID")
        if "\0" in str(list(fields.values())):
            refused(client.post("/v1/jobs", data={"kind": "triage", **fields}, files=files), 422, "INVALID")
        assert client.get("/v1/jobs").status_code == 200
    assert len(open_house.store.find(limit=1000)) == before + 1
    assert open_house.incoming() == []


def test_a_problem_can_always_be_told(open_house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    def wrong(*_: object) -> None:
        raise StorageError("a\udcffb.mp4 cannot be read")

    monkeypatch.setattr(open_house.app.state.service.desk, "check_room", wrong)
    with open_house.client() as client:
        assert "udcff" in refused(client.post("/v1/jobs", json={}), 503, "STORAGE")


def test_a_job_without_its_files_is_refused(open_house: House, audio: bytes, video: bytes) -> None:
    with open_house.client() as client:
        assert "audio" in refused(client.post("/v1/jobs", files={"video": ("a.mp4", video)}), 422, "FORM")
        assert "video" in refused(client.post("/v1/jobs", files={"audio": ("a.wav", audio)}), 422, "FORM")
        triage = client.post("/v1/jobs", data={"kind": "triage"}, files={"video": ("a.mp4", video)})
        assert triage.status_code == 202
        refused(
            client.post("/v1/jobs", content=b"x", headers={"content-type": "text/plain"}), 415, "MEDIA_TYPE"
        )
        refused(client.post("/v1/jobs", json=[1]), 422, "INVALID")
        refused(client.post("/v1/jobs", json={"options": 3}), 422, "INVALID")


def test_the_next_job_takes_the_files_of_an_earlier_one(
    open_house: House, files: Files, audio: bytes
) -> None:
    with open_house.client() as client:
        first = client.post("/v1/jobs", data={"kind": "triage"}, files=files).json()
        both = client.post(
            "/v1/jobs", json={"files_of": first["id"], "options": {"speakers.rows": [{"face": "3+7"}]}}
        )
        other = client.post("/v1/jobs", data={"files_of": first["id"]}, files={"audio": ("new.wav", audio)})
    assert both.status_code == other.status_code == 202, (both.text, other.text)
    assert both.json()["video"] == first["video"]
    assert other.json()["audio"]["name"] == "new.wav"
    paths = [
        open_house.places.job(answer["id"]) / "video.mp4" for answer in (first, both.json(), other.json())
    ]
    assert len({path.stat().st_ino for path in paths}) == 1  # hard links: nothing was copied


def test_limits_of_pictures_and_lengths(tmp_path: Path, files: Files) -> None:
    with house(tmp_path / "a", max_seconds=2.0) as short, short.client() as client:
        assert "3 s" in refused(client.post("/v1/jobs", files=files), 422, "LIMIT")
    with house(tmp_path / "b", max_megapixels=0.02) as small, small.client() as client:
        assert "192x108" in refused(client.post("/v1/jobs", files=files), 422, "LIMIT")


def test_a_picture_that_would_fill_the_memory_is_refused(
    open_house: House, audio: bytes, tmp_path: Path
) -> None:
    for side in (4_000, 16_000):
        bomb = png(tmp_path / "bomb.png", side, side).read_bytes()
        with open_house.client() as client:
            files = {"video": ("bomb.png", bomb), "audio": ("v.wav", audio)}
            assert "megapixels" in refused(client.post("/v1/jobs", files=files), 422, "LIMIT")


def test_the_operators_words_lie_under_those_of_jobs(tmp_path: Path, files: Files) -> None:
    base = ("preset=best", "engine=wav2lip")
    with house(tmp_path, base=base, engines=("unit_selection", "wav2lip")) as made, made.client() as client:
        job = client.post("/v1/jobs", files=files).json()
        assert (job["engine"], job["preset"]) == ("wav2lip", "best")
        wrong = {"engine": "unit_selection", "options": json.dumps({"engine.pads": [0, 9, 0, 0]})}
        assert "wav2lip" in refused(client.post("/v1/jobs", data=wrong, files=files), 422, "CONFIG")


def test_inputs_by_uri(tmp_path: Path, video: bytes, audio: bytes) -> None:
    inside = tmp_path / "in"
    inside.mkdir()
    (inside / "a b.mp4").write_bytes(video)
    (inside / "v.wav").write_bytes(audio)
    with house(tmp_path / "data", inputs=(inside.as_uri(),)) as made, made.client() as client:
        body = {"video": (inside / "a b.mp4").as_uri(), "audio": (inside / "v.wav").as_uri()}
        answer = client.post("/v1/jobs", json=body)
        assert answer.status_code == 202, answer.text
        assert answer.json()["video"] == {"name": "a b.mp4", "bytes": len(video), "uri": body["video"]}
        job = made.store.get(answer.json()["id"])
        assert job is not None
        assert Path(made.places.source(job)) == inside / "a b.mp4"
        # The service does not hand out what it has not been sent.
        refused(client.get(f"/v1/jobs/{job.id}/video"), 404, "NO_FILE")
        assert "video" not in answer.json()["links"]
        refused(client.post("/v1/jobs", json={**body, "video": "http://127.0.0.1/a.mp4"}), 422, "URI")
