from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
from threadpoolctl import threadpool_info, threadpool_limits

from lipsync_ray.errors import PlanError
from lipsync_ray.fingerprint import code_version
from lipsync_ray.jobs.bench import Bench, BenchSpec
from lipsync_ray.jobs.site import SiteSpec


def test_a_machine_with_other_code_than_the_driver_renders_nothing(tmp_path: Path) -> None:
    site = SiteSpec(root=str(tmp_path), home="here")
    with pytest.raises(PlanError, match="the driver has 0123456789abcdef: install the same version"):
        Bench(BenchSpec(site=site, code="0123456789abcdef"), 1)


@pytest.fixture
def two_threads_each() -> Iterator[None]:
    usual = cv2.getNumThreads()
    cv2.setNumThreads(2)
    with threadpool_limits(2, user_api="blas"):
        yield
    cv2.setNumThreads(usual)


def blas_threads() -> set[int]:
    return {pool["num_threads"] for pool in threadpool_info() if pool["user_api"] == "blas"}


@pytest.mark.usefixtures("two_threads_each")
def test_no_library_keeps_threads_of_its_own_busy(tmp_path: Path) -> None:
    site = SiteSpec(root=str(tmp_path), home="here")
    before = blas_threads()  # some of OpenCV's wheels bring one that never has more than one
    assert 2 in before
    bench = Bench(BenchSpec(site=site, code=code_version()), 2)
    assert cv2.getNumThreads() == 1
    assert blas_threads() == {1}
    bench.close()
    assert cv2.getNumThreads() == 2
    assert blas_threads() == before
