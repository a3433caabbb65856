from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.distributed.ray_tasks import map_tasks
from lipsync_ray.distributed.session import LocalSession, Session
from lipsync_ray.errors import TaskFailed
from tests.distributed.runners import scaled, square


@pytest.fixture(params=["none", "local"])
def session(request: pytest.FixtureRequest) -> Session:
    return LocalSession() if request.param == "none" else request.getfixturevalue("two_workers")


def test_results_come_in_order_of_items(session: Session) -> None:
    assert list(map_tasks(session, square, range(20))) == [n**2 for n in range(20)]


def test_no_items_need_no_worker(session: Session) -> None:
    assert list(map_tasks(session, square, [])) == []


def test_shared_reaches_every_call(session: Session) -> None:
    shared = {"factor": np.ones(10)}
    assert list(map_tasks(session, scaled, [1, 2], shared=shared)) == [10.0, 20.0]


def test_error_of_an_item_is_raised_with_its_text(session: Session) -> None:
    with pytest.raises(TaskFailed, match="99 has no square here"):
        list(map_tasks(session, square, [1, 99, 2]))
