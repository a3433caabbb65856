"""A callback that cannot even be written must not keep others from being made."""

from __future__ import annotations

from pathlib import Path

from lipsync_ray.serve.calling import WAITS_S, Caller
from lipsync_ray.serve.outbound import Sent
from lipsync_ray.serve_settings import ServeSettings
from tests.serve.api.served import house


class Taken:
    """Stands for the network: takes everything."""

    def __init__(self) -> None:
        self.urls: list[str] = []

    def post(self, url: str, body: bytes, headers: dict[str, str]) -> Sent:
        self.urls.append(url)
        return Sent(status=200, why="OK")


def test_one_that_cannot_be_written_is_tried_again_and_given_up_and_the_others_are_made(
    tmp_path: Path,
) -> None:
    clock = [1_800_000_000.0]
    with house(tmp_path) as here:
        due = {"state": "done", "calling": "due", "finished": 1.0}
        strange = here.add(callback="https://a.example/x", options={"sync.mode": "\ud800"}, **due)
        plain = here.add(callback="https://a.example/y", **due)
        network = Taken()
        caller = Caller(
            here.store, ServeSettings(), "secret", here.places, outbound=network, clock=lambda: clock[0]
        )
        for wait in (*WAITS_S, 0.0):
            caller.round()
            clock[0] += wait + 1
        assert network.urls == ["https://a.example/y"]
        told = {job.id: job.calling for job in here.store.find()}
        assert told == {strange.id: "failed", plain.id: "sent"}
