"""A folder and a database that do not belong together are told at the start, and nothing is removed."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pytest

from lipsync_ray.errors import ConfigError
from lipsync_ray.serve.desk import Desk
from lipsync_ray.serve.pairing import check_pair
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.runner import Runner
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.tables import FOLDERS
from lipsync_ray.serve_settings import ServeSettings
from tests.serve.api.served import house

WORDS = ["ray.cluster=none"]


def other(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'other.db'}"


def test_another_database_is_refused_and_its_own_is_taken(tmp_path: Path) -> None:
    with house(tmp_path / "data") as made:
        job = made.add()
    with (
        pytest.raises(ConfigError, match=r"serve\.database") as caught,
        house(tmp_path / "data", database=other(tmp_path)),
    ):
        pass
    assert str(tmp_path / "data") in str(caught.value)
    runner = Runner(JobStore(other(tmp_path)), Places(tmp_path / "data"), WORDS, ServeSettings())
    with pytest.raises(ConfigError):  # who only works looks too, before anything is tidied up
        runner.run(threading.Event())
    assert Places(tmp_path / "data").job(job.id).is_dir()
    with house(tmp_path / "data") as made:
        assert made.store.get(job.id) is not None
    new = Places(tmp_path / "new")
    new.make()
    with pytest.raises(ConfigError):  # and the other way: a new folder with an old database
        check_pair(made.store, new)


def test_two_services_cannot_be_mixed_up(tmp_path: Path) -> None:
    with house(tmp_path / "a") as one, house(tmp_path / "b") as two:
        for store, places in ((one.store, two.places), (two.store, one.places)):
            with pytest.raises(ConfigError):
                check_pair(store, places)


def test_what_was_used_before_there_were_names_goes_on(tmp_path: Path) -> None:
    with house(tmp_path / "data") as made:
        made.add()
        with made.store.writing() as connection:
            connection.execute(FOLDERS.delete())
        (made.places.root / "folder-name").unlink()
        check_pair(made.store, made.places)
        check_pair(made.store, made.places)
        assert (made.places.root / "folder-name").exists()


@pytest.mark.parametrize("engines", [(), ("unit_selection", "wav2lap"), ("os:system",)])
def test_engines_that_are_none_are_told_at_the_start(tmp_path: Path, engines: Any) -> None:
    with pytest.raises(ConfigError, match=r"serve\.engines"), house(tmp_path, engines=engines):
        pass


def test_all_engines_may_be_offered(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    settings = ServeSettings(engines=("wav2lip", "lipgan"))
    store = JobStore(places.database_url(settings))
    desk = Desk(settings=settings, base=(), store=store, places=places)
    assert desk.engine == "wav2lip"
    store.close()
