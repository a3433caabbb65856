"""Opens and closes Ray: an embedded one for this run, or the cluster that this process belongs to.

Ray is kept off the terminal: what a user must know comes as events and errors of this project.
"""

from __future__ import annotations

import logging
import math
import os
import secrets
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lipsync_ray.distributed.machine import available_cpus, object_store_bytes, private_folder
from lipsync_ray.distributed.session import LocalSession, Session
from lipsync_ray.distributed.settings import RaySettings
from lipsync_ray.distributed.worker import Factory, thread_environment
from lipsync_ray.errors import ConfigError

if TYPE_CHECKING:
    from lipsync_ray.distributed.ray_pool import RayPool

logger = logging.getLogger(__name__)

QUIET = {
    # Ray prints deaths of workers on the driver's stdout whatever its log settings; they are our events.
    "RAY_DEDUP_LOGS_SKIP_REGEX": ".*",
    "RAY_SCHEDULER_EVENTS": "0",
    "RAY_USAGE_STATS_ENABLED": "0",
    # Under `uv run`, Ray would start every worker through `uv run` as well.
    "RAY_ENABLE_UV_RUN_RUNTIME_ENV": "0",
    # Without GPUs of its own a worker must not see any; says so to Ray, which else warns about it.
    "RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO": "1",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RaySession:
    """A Ray that this process is connected to."""

    settings: RaySettings
    workers: int
    inherited: bool  # workers inherit this process's environment

    def pool(self, factory: Factory, *, shared: Any = None, workers: int | None = None) -> RayPool:
        """Open a pool of actors."""
        from lipsync_ray.distributed.ray_pool import RayPool

        size = self.workers if workers is None else min(workers, self.workers)
        return RayPool(factory, shared, size=size, settings=self.settings, inherited=self.inherited)


@contextmanager
def ray_session(settings: RaySettings) -> Iterator[Session]:
    """Open the machines that ``settings`` names; what was started is ended when the context is left.

    An already connected Ray is used as it is and left connected.

    Raises:
        ConfigError: there is no cluster to join, or none of its machines can hold a worker.
    """
    if settings.cluster == "none":
        yield LocalSession()
        return
    with _environment(QUIET):
        import ray
    if ray.is_initialized():
        yield RaySession(settings=settings, workers=_count_workers(settings), inherited=False)
    elif settings.cluster == "auto":
        with _joined(settings) as session:
            yield session
    else:
        with _embedded(settings) as session:
            yield session


@contextmanager
def _embedded(settings: RaySettings) -> Iterator[RaySession]:
    cpus = max(available_cpus(), math.ceil((settings.workers or 1) * settings.num_cpus))
    # Ray asks for a token by default and would write one to the home folder. This one keeps other users of
    # the machine out as well; it stays in the environment, as Ray's core reads it once per process.
    os.environ.setdefault("RAY_AUTH_TOKEN", secrets.token_hex(32))
    with private_folder() as folder, _shutdown():
        with _environment(QUIET | thread_environment(settings.threads) | _import_path()):
            _initialise(
                address="local",
                num_cpus=cpus,
                include_dashboard=False,
                object_store_memory=object_store_bytes(),
                _temp_dir=str(folder),
            )
        yield RaySession(settings=settings, workers=_count_workers(settings), inherited=True)


@contextmanager
def _joined(settings: RaySettings) -> Iterator[RaySession]:
    address = os.environ.get("RAY_ADDRESS") or "auto"
    with _shutdown():
        try:
            with _environment(QUIET):
                _initialise(address=address)
        except (ConnectionError, RuntimeError, ValueError) as error:
            reason = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
            raise ConfigError(
                f"ray.cluster=auto: cannot join a Ray cluster at {address!r} ({reason}). Start one with "
                "`ray start --head`, set RAY_ADDRESS, or use ray.cluster=local"
            ) from error
        yield RaySession(settings=settings, workers=_count_workers(settings), inherited=False)


def _initialise(**options: Any) -> None:
    import ray

    before = signal.getsignal(signal.SIGTERM)
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    ray.init(configure_logging=False, log_to_driver=False, logging_level=logging.CRITICAL, **options)
    # Ray takes SIGTERM for itself; the caller's handler comes back. Without one, Ray's is the better: it
    # leaves through SystemExit, so that everything is shut down on the way.
    if threading.current_thread() is threading.main_thread() and before not in (signal.SIG_DFL, None):
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _shutdown() -> Iterator[None]:
    """Leave Ray on the way out, deaf to signals meanwhile: a half-done shutdown leaves processes behind."""
    import ray

    try:
        yield
    finally:
        with _deaf():
            ray.shutdown()


@contextmanager
def _deaf() -> Iterator[None]:
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    for number in handlers:
        signal.signal(number, signal.SIG_IGN)
    try:
        yield
    finally:
        for number, handler in handlers.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)


def _count_workers(settings: RaySettings) -> int:
    """Workers asked for, or as many as the machines of the cluster hold (at least one, in hope of more)."""
    import ray

    machines = [node["Resources"] for node in ray.nodes() if node["Alive"]]
    fit = 0
    for resources in machines:
        by_cpu = math.floor(resources.get("CPU", 0.0) / settings.num_cpus + 1e-6)
        by_gpu = by_cpu
        if settings.num_gpus > 0:
            by_gpu = math.floor(resources.get("GPU", 0.0) / settings.num_gpus + 1e-6)
        fit += min(by_cpu, by_gpu)
    if fit < 1 and settings.cluster == "local":
        raise ConfigError(
            f"no worker fits this machine: ray.num_cpus={settings.num_cpus:g}, "
            f"ray.num_gpus={settings.num_gpus:g}, but it has {machines[0].get('CPU', 0):g} CPUs and "
            f"{machines[0].get('GPU', 0):g} GPUs"
        )
    return settings.workers or max(1, fit)


def _import_path() -> dict[str, str]:
    """``PYTHONPATH`` with which workers import this very package, wherever the driver was started."""
    package = str(Path(__file__).resolve().parents[2])
    inherited = os.environ.get("PYTHONPATH")
    return {"PYTHONPATH": os.pathsep.join([package, *([inherited] if inherited else [])])}


@contextmanager
def _environment(values: dict[str, str]) -> Iterator[None]:
    before = {name: os.environ.get(name) for name in values}
    os.environ.update(values)
    try:
        yield
    finally:
        for name, value in before.items():
            if value is None:
                os.environ.pop(name, None)
            else:
                os.environ[name] = value
