from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_ray.serve.job import InputFile
from tests.serve.api.served import House

RESULT = bytes(range(256)) * 40


@pytest.fixture(scope="module")
def made(open_house: House) -> str:
    """Id of a dub that is done, with all its files."""
    files = {
        "result.mp4": RESULT,
        "result.json": b"{}",
        "result.report.html": b"<script>1</script>",
        "video.mp4": RESULT[:1000],
        "audio.wav": b"wave",
    }
    return open_house.add(
        files=files,
        state="done",
        finished=1_800_000_100.0,
        video=InputFile(name='ünter "view";\n.mp4', place="video.mp4", bytes=1000),
        audio=InputFile(name="v.wav", place="audio.wav", bytes=4),
    ).id


def test_a_file_whole_in_parts_and_not_again(open_house: House, made: str) -> None:
    url = f"/v1/jobs/{made}/result"
    with open_house.client() as client:
        whole = client.get(url)
        assert (whole.status_code, whole.content) == (200, RESULT)
        assert whole.headers["content-type"] == "video/mp4"
        assert whole.headers["accept-ranges"] == "bytes"
        assert whole.headers["x-content-type-options"] == "nosniff"
        etag = whole.headers["etag"]
        head = client.head(url)
        assert (head.status_code, head.content) == (200, b"")
        assert head.headers["content-length"] == str(len(RESULT))
        for wanted, part in (
            ("bytes=0-0", RESULT[:1]),
            ("bytes=100-199", RESULT[100:200]),
            ("bytes=10000-", RESULT[10_000:]),
            ("bytes=-7", RESULT[-7:]),
            ("bytes=10230-99999999", RESULT[10_230:]),
            ("bytes=-99999999", RESULT),
            ("bytes=5-9, 7-12", RESULT[5:13]),
        ):
            answer = client.get(url, headers={"Range": wanted})
            assert answer.status_code == 206, wanted
            assert answer.content == part, wanted
            assert int(answer.headers["content-length"]) == len(answer.content)
        two = client.get(url, headers={"Range": "bytes=0-1,100-101"})
        assert two.headers["content-type"].startswith("multipart/byteranges")
        assert b"Content-Range: bytes 100-101/10240" in two.content
        same = client.get(url, headers={"Range": "bytes=1-2", "If-Range": etag})
        assert (same.status_code, same.content) == (206, RESULT[1:3])
        changed = client.get(url, headers={"Range": "bytes=1-2", "If-Range": '"other"'})
        assert (changed.status_code, changed.content) == (200, RESULT)
        again = client.get(url, headers={"If-None-Match": f'"x", W/{etag}'})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag


def test_ranges_outside_and_what_is_no_range(open_house: House, made: str) -> None:
    url = f"/v1/jobs/{made}/result"
    with open_house.client() as client:
        for wanted in ("bytes=10240-", "bytes=99999-100000", "bytes=-0", "bytes=0-1,99999-"):
            answer = client.get(url, headers={"Range": wanted})
            assert (answer.status_code, answer.json()["code"]) == (416, "RANGE"), wanted
            assert answer.headers["content-range"] == "bytes */10240"
        old = client.get(url, headers={"Range": "bytes=99999-", "If-Range": '"other"'})
        assert old.status_code == 200
        for wanted in (
            "bytes=9-5",
            "bytes=a-b",
            "lines=1-2",
            "bytes=",
            "bytes=" + "9" * 5000 + "-",
            "bytes=--1",
        ):
            answer = client.get(url, headers={"Range": wanted})
            assert (answer.status_code, len(answer.content)) == (200, len(RESULT)), wanted
        many = "bytes=" + ",".join(["0-"] * 1000)
        assert len(client.get(url, headers={"Range": many}).content) == len(RESULT)


def test_names_and_types_cannot_be_played_with(open_house: House, made: str) -> None:
    with open_house.client() as client:
        video = client.get(f"/v1/jobs/{made}/video")
        shown = video.headers["content-disposition"]
        assert shown.startswith("inline; filename*=utf-8''%C3%BCnter%20%22view%22")
        assert "\n" not in shown
        saved = client.get(f"/v1/jobs/{made}/result", params={"download": "1"}).headers["content-disposition"]
        assert saved.startswith("attachment;")
        assert ".dubbed.mp4" in saved
        assert video.headers["content-security-policy"].startswith("sandbox;")
        page = client.get(f"/v1/jobs/{made}/report")
        assert page.headers["content-type"].startswith("text/html")
        policy = page.headers["content-security-policy"]
        assert policy.startswith("sandbox allow-scripts;")
        assert "allow-same-origin" not in policy
        html = open_house.add(
            files={"video.bin": b"<script>"}, video=InputFile(name="a.html", place="video.bin", bytes=8)
        )
        answer = client.get(f"/v1/jobs/{html.id}/video")
        assert answer.headers["content-type"] == "application/octet-stream"
        assert answer.headers["content-disposition"].startswith("attachment;")


@pytest.mark.parametrize(
    "what",
    [
        *(
            "../../secret",
            "..%2f..%2fsecret",
            "%2e%2e/%2e%2e/secret",
            "secret",
            "video.mp4",
            "faces/0",
        ),
        *(
            "faces/../../secret",
            "faces/..%2f..%2fsecret",
            "faces/-1",
            "faces/1e3",
            "preview",
            "strip",
            "manifest",
        ),
    ],
)
def test_nothing_else_is_handed_out(open_house: House, made: str, what: str) -> None:
    with open_house.client() as client:
        answer = client.get(f"/v1/jobs/{made}/{what}")
    assert answer.status_code in (404, 422)
    assert open_house.places.secret() not in answer.content


def test_ids_are_no_paths(open_house: House) -> None:
    with open_house.client() as client:
        for id in ("..", "%2e%2e", "..%2f..%2fjobs", ".", "a%00b", "%F0%9F%92%A9", "x" * 5000):
            assert client.get(f"/v1/jobs/{id}/video").status_code == 404
            assert client.delete(f"/v1/jobs/{id}").status_code in (404, 405)


def test_only_what_is_whole_is_there(open_house: House, tmp_path: Path) -> None:
    running = open_house.add(files={"result.mp4": b"half"}, state="running")
    secret = tmp_path / "secret"
    secret.write_bytes(b"outside")
    linked = open_house.add(state="done", finished=1.0)
    (open_house.places.job(linked.id) / "result.mp4").symlink_to(secret)
    with open_house.client() as client:
        answer = client.get(f"/v1/jobs/{running.id}/result")
        assert (answer.status_code, answer.json()["code"]) == (404, "NO_FILE")
        links = client.get(f"/v1/jobs/{running.id}").json()["links"]
        assert set(links) == {"self", "events", "cancel", "video"}
        assert client.get(f"/v1/jobs/{linked.id}/result").status_code == 404


def test_the_manifest_of_a_container_that_cannot_hold_it(open_house: House) -> None:
    files = {"result.mkv": b"dub", "result.c2pa": b"signed"}
    job = open_house.add(state="done", container="mkv", files=files)
    inside = open_house.add(state="done", files={"result.mp4": b"dub"})
    with open_house.client() as client:
        manifest = client.get(f"/v1/jobs/{job.id}/manifest")
        assert (manifest.content, manifest.headers["content-type"]) == (b"signed", "application/c2pa")
        assert ".dubbed.c2pa" in manifest.headers["content-disposition"]
        assert client.get(f"/v1/jobs/{job.id}").json()["links"]["manifest"] == f"/v1/jobs/{job.id}/manifest"
        assert client.get(f"/v1/jobs/{job.id}/result").headers["content-type"] == "video/x-matroska"
        assert client.get(f"/v1/jobs/{inside.id}/manifest").status_code == 404
        assert "manifest" not in client.get(f"/v1/jobs/{inside.id}").json()["links"]


def test_files_of_other_kinds(open_house: House) -> None:
    triage = open_house.add(
        kind="triage", state="done", files={"strip.jpg": b"s", "faces/3.jpg": b"f", "triage.json": b"{}"}
    )
    preview = open_house.add(
        kind="preview", state="done", options={"preview.kind": "clip"}, files={"result.preview.mp4": b"p"}
    )
    with open_house.client() as client:
        assert client.get(f"/v1/jobs/{triage.id}/strip").content == b"s"
        face = client.get(f"/v1/jobs/{triage.id}/faces/3")
        assert (face.content, face.headers["content-type"]) == (b"f", "image/jpeg")
        assert client.get(f"/v1/jobs/{triage.id}/result").status_code == 404
        assert client.get(f"/v1/jobs/{preview.id}/preview").headers["content-type"] == "video/mp4"
        assert "preview" in client.get(f"/v1/jobs/{preview.id}").json()["links"]
