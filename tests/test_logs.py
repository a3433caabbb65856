"""Records of the log know their task, and travel."""

from __future__ import annotations

import logging
import pickle
import threading

import pytest

from lipsync_ray.logs import MOST_NOTES, TaskFilter, doing, names_of, overheard, relay
from lipsync_ray.threads import Prefetch

logger = logging.getLogger("lipsync_ray.tests")


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ("talk-es/chunk-00003", {"job": "talk-es", "piece": "chunk-00003"}),
        ("talk-es?/probe", {"job": "talk-es", "piece": "probe"}),
        ("talk-es/", {"job": "talk-es"}),
        ("scan-0badcafe/00000250", {"scan": "0badcafe", "piece": "00000250"}),
        ("scan-0badcafe/chunk-00000", {"job": "scan-0badcafe", "piece": "chunk-00000"}),
        ("alone", {}),
        ("", {}),
    ],
)
def test_a_task_is_named_after_its_job_and_piece(task: str, names: dict[str, str]) -> None:
    assert names_of(task) == names


class Kept(logging.Handler):
    """Keeps records with their names, as a user's own handler would."""

    def __init__(self) -> None:
        super().__init__()
        self.addFilter(TaskFilter())
        self.lines: list[tuple[str, str, str]] = []

    def emit(self, record: logging.LogRecord) -> None:
        named = vars(record)
        self.lines.append((named["job"], named["piece"], record.getMessage()))


@pytest.fixture
def kept() -> Kept:
    return Kept()


@pytest.fixture(autouse=True)
def _listening(kept: Kept):
    logger.addHandler(kept)
    yield
    logger.removeHandler(kept)


def test_what_a_worker_logged_is_logged_in_the_driver_under_its_job(kept: Kept) -> None:
    with overheard(logging.WARNING) as notes, doing("talk/chunk-00001"):
        logger.warning("%d frames are dark", 3)
        logger.warning("%d frames are dark", 3)
        logger.debug("not for the driver")
    assert kept.lines == [("talk", "chunk-00001", "3 frames are dark")] * 2
    kept.lines.clear()
    relay("talk/chunk-00001", pickle.loads(pickle.dumps(notes)))
    assert kept.lines == [("talk", "chunk-00001", "3 frames are dark")]
    with overheard(None) as none:
        logger.warning("heard here already")
    assert none == []


def test_a_flood_of_warnings_is_cut() -> None:
    with overheard(logging.WARNING) as notes:
        for frame in range(10 * MOST_NOTES):
            logger.warning("frame %d is dark", frame)
    assert len(notes) == MOST_NOTES


def test_threads_of_a_task_log_for_it_and_other_threads_do_not(kept: Kept) -> None:
    def frames():
        logger.warning("from the reader")
        yield 1

    other = threading.Thread(target=lambda: logger.warning("from elsewhere"))
    with doing("talk/chunk-00001"):
        with Prefetch(frames(), 1) as items:
            assert list(items) == [1]
        other.start()
        other.join()
    assert kept.lines == [("talk", "chunk-00001", "from the reader"), ("", "", "from elsewhere")]
