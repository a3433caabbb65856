from __future__ import annotations

import os

import pytest

from lipsync_ray.distributed.machine import STORE_BYTES, available_cpus, object_store_bytes
from lipsync_ray.distributed.settings import DispatchSettings, RaySettings
from lipsync_ray.errors import ConfigError


def test_at_least_one_cpu_and_a_bounded_store() -> None:
    assert 1 <= available_cpus() <= (os.cpu_count() or 1)
    assert STORE_BYTES[0] <= object_store_bytes() <= STORE_BYTES[1]


@pytest.mark.parametrize(
    "options",
    [{"cluster": "everywhere"}, {"workers": 0}, {"num_cpus": 0}, {"num_gpus": -1}, {"num_gpus": 1.5}],
)
def test_impossible_workers_are_refused(options: dict) -> None:
    with pytest.raises(ConfigError, match=f"ray.{next(iter(options))}="):
        RaySettings(**options)


@pytest.mark.parametrize("options", [{"max_attempts": 0}, {"timeout_s": 0}, {"in_flight": 0}])
def test_impossible_limits_are_refused(options: dict) -> None:
    with pytest.raises(ConfigError, match=next(iter(options))):
        DispatchSettings(**options)
