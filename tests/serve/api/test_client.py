from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import httpx
import pytest

import lipsync_ray.client
from lipsync_ray.client import Client, Patience, fetching
from lipsync_ray.errors import ServiceRefused, ServiceUnreachable
from tests.serve.api.served import ANNA, TOKENS, House, house

RESULT = bytes(range(256)) * 4000


class Flaky(httpx.BaseTransport):
    """Lets requests through, or breaks them before or after they were answered."""

    def __init__(self, *plan: str) -> None:
        self.inner = httpx.HTTPTransport()
        self.plan = list(plan)
        self.requests: list[httpx.Request] = []

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        step = self.plan.pop(0) if self.plan else "through"
        if step == "lost":
            raise httpx.ConnectError("no way")
        answer = self.inner.handle_request(request)
        if step == "unheard":
            answer.read()
            raise httpx.ReadError("cut off")
        if step == "half":
            return httpx.Response(answer.status_code, headers=answer.headers, stream=Half(answer))
        if step == "busy":
            answer.read()
            headers = {"Retry-After": "7"}
            return httpx.Response(429, headers=headers, json={"code": "RATE_LIMITED", "detail": "wait"})
        if step == "proxy":
            answer.read()
            return httpx.Response(502, text="<html>bad gateway</html>")
        return answer

    def close(self) -> None:
        self.inner.close()


class Half(httpx.SyncByteStream):
    def __init__(self, answer: httpx.Response) -> None:
        self.answer = answer

    def __iter__(self) -> Any:
        yield next(self.answer.iter_raw())
        self.answer.close()
        raise httpx.ReadError("cut off")


def asking(made: House, *plan: str, tries: int = 4) -> tuple[Client, Flaky, list[float]]:
    waits: list[float] = []
    flaky = Flaky(*plan)
    patience = Patience(tries=tries, first_s=0.01)
    return Client(made.url, ANNA, transport=flaky, patience=patience, sleep=waits.append), flaky, waits


@pytest.fixture
def paths(tmp_path: Path, video: bytes, audio: bytes) -> tuple[Path, Path]:
    (tmp_path / "clip.mp4").write_bytes(video)
    (tmp_path / "voice.wav").write_bytes(audio)
    return tmp_path / "clip.mp4", tmp_path / "voice.wav"


def test_a_job_is_submitted_once_over_a_bad_line(owned_house: House, paths: tuple[Path, Path]) -> None:
    client, flaky, waits = asking(owned_house, "lost", "unheard", "proxy")
    before = len(owned_house.store.find(limit=200))
    with client:
        job = client.submit(*paths, preset="fast", options={"encode.crf": 30})
        assert (job.state, job.plain["options"]) == ("queued", {"encode.crf": 30})
        assert client.job(job.id).id == job.id
        assert next(client.jobs()).id == job.id
    assert len(waits) == 3
    assert len({request.headers["idempotency-key"] for request in flaky.requests[:4]}) == 1
    assert len(owned_house.store.find(limit=200)) == before + 1


def test_what_the_service_refuses_is_not_tried_again(owned_house: House, paths: tuple[Path, Path]) -> None:
    client, flaky, waits = asking(owned_house)
    with client, pytest.raises(ServiceRefused) as caught:
        client.submit(*paths, options={"ray.cluster": "auto"})
    assert (caught.value.status, caught.value.code) == (422, "CONFIG")
    assert "ray.cluster" in str(caught.value)
    assert (len(flaky.requests), waits) == (1, [])


def test_who_does_not_answer_is_given_up(owned_house: House) -> None:
    client, flaky, waits = asking(owned_house, *["lost"] * 9)
    with client, pytest.raises(ServiceUnreachable):
        client.options()
    assert (len(flaky.requests), len(waits)) == (4, 3)


def test_a_job_is_followed_to_its_end(tmp_path: Path) -> None:
    with house(tmp_path, tokens=TOKENS, more={"poll_s": 0.01}) as made:
        job = made.add("anna", state="running")
        stages = iter(("scan", "render"))
        heard: list[Any] = []

        def on_progress(told: Any) -> None:
            heard.append((told.progress or {}).get("stage"))
            stage = next(stages, None)
            values: dict[str, Any] = {"progress": {"stage": stage}} if stage else {"state": "done"}
            made.store.change(job.id, **values)

        client, _, _ = asking(made, "lost", "through", "half")
        with client:
            assert client.wait(job.id, on_progress).state == "done"
            assert heard[:3] == [None, "scan", "render"]
            with pytest.raises(ServiceRefused) as caught:
                client.wait("0" * 22)
            assert caught.value.status == 404


def test_following_goes_on_without_streams(tmp_path: Path) -> None:
    with house(tmp_path, tokens=TOKENS, max_streams=1) as made:
        made.app.state.service.streams = 1
        job = made.add("anna", state="running")
        waits: list[float] = []

        def sleep(seconds: float) -> None:
            waits.append(seconds)
            made.store.change(job.id, state="failed", error_code="FACE_NONE", error_message="no face")

        with Client(made.url, ANNA, sleep=sleep) as client:
            ended = client.wait(job.id)
        assert (ended.state, ended.error_code) == ("failed", "FACE_NONE")
        assert len(waits) == 1


def test_a_download_goes_on_where_it_was_cut_off(owned_house: House, tmp_path: Path) -> None:
    job = owned_house.add("anna", state="done", files={"result.mp4": RESULT})
    target = tmp_path / "out.mp4"
    client, flaky, _ = asking(owned_house, "through", "half", "lost")
    with client:
        assert client.download(job.id, "result", target) == target
    assert target.read_bytes() == RESULT
    assert flaky.requests[-1].headers["range"].startswith("bytes=")
    assert flaky.requests[-1].headers["range"] != "bytes=0-"
    assert [path.name for path in tmp_path.iterdir()] == ["out.mp4"]


def test_a_download_that_was_given_up_is_taken_up_again(owned_house: House, tmp_path: Path) -> None:
    job = owned_house.add("anna", state="done", files={"result.mp4": RESULT})
    target = tmp_path / "out.mp4"
    client, _, _ = asking(owned_house, "through", "half", *["lost"] * 9)
    with client, pytest.raises(ServiceUnreachable):
        client.download(job.id, "result", target)
    assert not target.exists()
    again, flaky, _ = asking(owned_house)
    with again:
        again.download(job.id, "result", target)
    assert target.read_bytes() == RESULT
    assert "range" in flaky.requests[-1].headers
    # A file that was replaced on the way begins anew.
    changed = owned_house.places.job(job.id) / "result.mp4"
    client, _, _ = asking(owned_house, "through", "half", *["lost"] * 9)
    with client, pytest.raises(ServiceUnreachable):
        client.download(job.id, "result", tmp_path / "new.mp4")
    changed.write_bytes(RESULT[::-1])
    again, _, _ = asking(owned_house)
    with again:
        again.download(job.id, "result", tmp_path / "new.mp4")
    assert (tmp_path / "new.mp4").read_bytes() == RESULT[::-1]


def test_a_download_that_was_stopped_before_its_end_was_noted(
    owned_house: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    job = owned_house.add("anna", state="done", files={"result.mp4": RESULT})
    target = tmp_path / "out.mp4"
    with monkeypatch.context() as patch:
        patch.setattr(fetching, "_put", stopped)
        with asking(owned_house)[0] as client, pytest.raises(KeyboardInterrupt):
            client.download(job.id, "result", target)
    assert [path.suffix for path in tmp_path.iterdir()] == [".part"]
    client, flaky, _ = asking(owned_house)
    with client:
        client.download(job.id, "result", target)
    assert target.read_bytes() == RESULT
    assert [request.method for request in flaky.requests] == ["HEAD"]  # all of it is there
    assert list(tmp_path.iterdir()) == [target]


def stopped(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_download_waits_where_the_service_asks_for_it(owned_house: House, tmp_path: Path) -> None:
    job = owned_house.add("anna", state="done", files={"result.mp4": RESULT})
    client, _, waits = asking(owned_house, "through", "half", "through", "busy", "through", "proxy")
    with client:
        client.download(job.id, "result", tmp_path / "out.mp4")
        assert (tmp_path / "out.mp4").read_bytes() == RESULT
        assert 7.0 in waits
        with pytest.raises(ServiceRefused) as caught:
            client.download(job.id, "audio", tmp_path / "none.wav")
        assert caught.value.status == 404


def test_a_file_that_is_replaced_while_it_comes(owned_house: House, tmp_path: Path) -> None:
    job = owned_house.add("anna", state="done", files={"result.mp4": RESULT})
    client, flaky, _ = asking(owned_house, "through", "half")
    place = owned_house.places.job(job.id) / "result.mp4"
    send = flaky.handle_request

    def replacing(request: httpx.Request) -> httpx.Response:
        if len(flaky.requests) == 3:  # between a look at it and the rest of it
            place.write_bytes(RESULT[::-1] + b"more")
        return send(request)

    flaky.handle_request = replacing  # type: ignore[method-assign]
    with client:
        client.download(job.id, "result", tmp_path / "out.mp4")
    assert (tmp_path / "out.mp4").read_bytes() == RESULT[::-1] + b"more"


def test_cancel_delete_and_options(owned_house: House) -> None:
    job = owned_house.add("anna")
    client, _, _ = asking(owned_house, "through", "unheard")
    with client:
        assert client.cancel(job.id).state == "cancelled"
        client.delete(job.id)  # its answer is lost, and the second finds nothing
        with pytest.raises(ServiceRefused):
            client.job(job.id)
        assert client.options()["auth"] is True


def test_the_client_needs_nothing_of_the_server() -> None:
    folder = Path(lipsync_ray.client.__file__).parent
    for path in folder.glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lipsync_ray."):
                assert (node.module or "").split(".")[1] in ("client", "errors"), path
