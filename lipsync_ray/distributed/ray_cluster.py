"""Opens and closes Ray: an embedded one for this run, or the cluster that this process belongs to.

Ray is kept off the terminal: what a user must know comes as events and errors of this project.
"""

from __future__ import annotations

import logging
import math
import os
import secrets
import socket
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from lipsync_ray.distributed.depot import Depot
from lipsync_ray.distributed.lanes import holds_any, holds_gpu, plan_lanes
from lipsync_ray.distributed.machine import available_cpus, object_store_bytes
from lipsync_ray.distributed.metrics import Meter
from lipsync_ray.distributed.session import LocalSession, Session
from lipsync_ray.distributed.settings import RaySettings
from lipsync_ray.distributed.signals import deaf, give_sigterm_to, restore_sigterm, sigterm_handler
from lipsync_ray.distributed.worker import Factory, thread_environment
from lipsync_ray.errors import ConfigError, WorkerSetupFailed
from lipsync_ray.folders import private_folder
from lipsync_ray.limits import LimitsSettings

if TYPE_CHECKING:
    from lipsync_ray.distributed.ray_pool import RayPool

logger = logging.getLogger(__name__)

KNOCK_S = 10.0
OPENING = "opening Ray"  # in the log, when it begins
# Ray's socket names grow 62 characters below its folder, and a Unix socket's path ends at 107.
LONGEST_FOLDER = 44

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
    inherited: bool  # workers inherit this process's environment

    def pool(
        self,
        factory: Factory,
        *,
        shared: Any = None,
        networks: bool = False,
        limits: LimitsSettings | None = None,
    ) -> RayPool:
        """Open a pool of actors."""
        from lipsync_ray.distributed.ray_pool import RayPool

        settings = self.settings
        if networks and settings.num_gpus is None and holds_gpu(_machines()):
            settings = replace(settings, num_gpus=1.0)  # also while all machines with GPUs are away
        return RayPool(
            factory,
            shared,
            lanes=lambda: plan_lanes(settings, _machines(), networks=networks),
            threads=self.settings.threads if self.inherited else None,
            limits=limits,
        )

    def meter(self) -> Meter:
        """The metrics of this Ray."""
        from lipsync_ray.distributed.ray_metrics import RayMeter

        return RayMeter()

    @contextmanager
    def depot(self) -> Iterator[Depot | None]:
        """An actor on this machine, unless this Ray has no other."""
        if self.settings.cluster == "local":
            yield None
            return
        from lipsync_ray.distributed.ray_depot import open_depot

        depot, close = open_depot()
        try:
            yield depot
        finally:
            close()


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
    logger.debug("%s (%s)", OPENING, settings.cluster)  # its import is the first part of it
    with _environment(QUIET):
        import ray
    if ray.is_initialized():
        yield _session(settings, inherited=False)
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
    environment = QUIET | thread_environment(settings.threads) | _import_path()
    with private_folder(LONGEST_FOLDER) as folder:
        options = {
            "address": "local",
            "num_cpus": cpus,
            "include_dashboard": False,
            "object_store_memory": object_store_bytes(),
            "_temp_dir": str(folder),
        }
        with _connected(options, environment):
            yield _session(settings, inherited=True)


@contextmanager
def _joined(settings: RaySettings) -> Iterator[RaySession]:
    address = os.environ.get("RAY_ADDRESS") or "auto"
    _knock(address)
    with _connected({"address": address}, QUIET):
        yield _session(settings, inherited=False)


def _session(settings: RaySettings, *, inherited: bool) -> RaySession:
    _check_room(settings)
    return RaySession(settings=settings, inherited=inherited)


@contextmanager
def _connected(options: dict[str, Any], environment: dict[str, str]) -> Iterator[None]:
    """Ray from ``init`` to ``shutdown``; its processes inherit ``environment``, this one does not."""
    import ray

    handler = sigterm_handler()
    logging.getLogger("ray").setLevel(logging.CRITICAL)
    try:
        with _environment(environment):
            _initialise(options)
        give_sigterm_to(handler)
        yield
    finally:
        with deaf():
            ray.shutdown()
        restore_sigterm(handler)


def _initialise(options: dict[str, Any]) -> None:
    import ray
    from ray.exceptions import RayError

    try:
        with warnings.catch_warnings():
            # Ray 2.54 tells of what is to change whichever of the two was chosen, see QUIET.
            warnings.filterwarnings("ignore", "Tip: In future versions of Ray", FutureWarning)
            ray.init(configure_logging=False, log_to_driver=False, logging_level=logging.CRITICAL, **options)
    except (ConnectionError, RuntimeError, ValueError, RayError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        if options["address"] == "local":
            raise WorkerSetupFailed(
                f"Ray cannot start on this machine ({reason}); ray.cluster=none works without it"
            ) from error
        raise _no_cluster(options["address"], reason) from error


def _knock(address: str) -> None:
    """Find out in seconds that nobody is there: Ray would try for minutes, telling the terminal."""
    host, _, port = address.rpartition("//")[2].rpartition(":")
    if not host or not port.isdigit():
        return
    try:
        socket.create_connection((host.strip("[]"), int(port)), timeout=KNOCK_S).close()
    except OSError as error:
        raise _no_cluster(address, str(error)) from error


def _no_cluster(address: str, reason: str) -> ConfigError:
    return ConfigError(
        f"ray.cluster=auto: cannot join a Ray cluster at {address!r} ({reason}); start one with "
        "`ray start --head`, set RAY_ADDRESS, or use ray.cluster=local"
    )


def _machines() -> list[dict[str, float]]:
    import ray

    return [node["Resources"] for node in ray.nodes() if node["Alive"]]


def _check_room(settings: RaySettings) -> None:
    """Refuse what no machine can hold at once, not when rendering begins; a cluster may still grow."""
    machines = _machines()
    networks = bool(settings.num_gpus)
    if settings.cluster == "local" and not holds_any(settings, machines, networks=networks):
        raise ConfigError(
            f"no worker fits this machine: ray.num_cpus={settings.num_cpus:g}, "
            f"ray.num_gpus={settings.num_gpus or 0:g}, but it has {machines[0].get('CPU', 0):g} CPUs and "
            f"{machines[0].get('GPU', 0):g} GPUs"
        )


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
