"""Jobs of a service done by hand, one at a time: what a runner does, without queue, workers and retries."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import Any

import cv2

from lipsync_ray.config import Config
from lipsync_ray.dubbing import dub, plan
from lipsync_ray.overrides import load_config
from lipsync_ray.serve.job import ServedJob
from lipsync_ray.triage.facts import Triage
from lipsync_ray.wording import option_words
from tests.serve.api.served import House
from tests.serve.page.scenes import RENDERING, person

BASE = ("ray.cluster=none", "encode.preset=ultrafast")


def work(house: House, job: ServedJob, cache: Path) -> None:
    """Do a job that waits, and write down what has become of it."""
    places, store = house.places, house.store
    files = (f"video={places.source(job)}", f"audio={places.sound(job)}", f"out={places.result(job)}")
    words = [*option_words(job.options), *BASE, f"cache.dir={cache}", *files]
    store.change(job.id, state="running", progress={**RENDERING, "stage": "examine", "chunks": None})
    result = (_triage if job.kind == "triage" else _dub)(house, job, load_config(words))
    store.change(job.id, state="done", result=result, progress={})


def _triage(house: House, job: ServedJob, config: Config) -> dict[str, Any]:
    made = plan(config, strip=True)
    house.places.strip(job).write_bytes(made.strip)
    return {**made.to_plain(), **_people(house, job, made)}


def _people(house: House, job: ServedJob, made: Triage) -> dict[str, Any]:
    """Each face is a person here, and the largest of each shot is chosen."""
    faces = sorted({face for shot in made.shots for face in shot.faces})
    house.places.face(job, 0).parent.mkdir()
    for face in faces:
        strip = cv2.imread(str(house.places.strip(job)))
        cv2.imwrite(str(house.places.face(job, face)), strip[:120, :120])
    chosen = sorted({str(face) for shot in made.shots for face in shot.speakers})
    return {
        "people": [person(job.id, [face], share=1.0, talks=None, shots=1) for face in faces],
        "chosen": chosen,
    }


def _dub(house: House, job: ServedJob, config: Config) -> dict[str, Any]:
    house.store.change(job.id, progress=RENDERING)
    made = asdict(dub(config))
    wanted = ("frames", "seconds", "digest", "passed_through", "untouched_chunks", "quality", "stages")
    return {**{name: made[name] for name in wanted}, "bytes": house.places.result(job).stat().st_size}
