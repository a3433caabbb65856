"""The service as two deployments of Ray Serve: ``Front`` answers requests, ``Work`` does the jobs.

Both find each other in the store and in the service's folder, not through Ray: any number of either may come
and go, on any machine that has the folder and the database.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from ray import serve
from ray.serve import Application
from ray.serve.schema import LoggingConfig

from lipsync_ray.config import Config
from lipsync_ray.errors import ConfigError
from lipsync_ray.overrides import load_config
from lipsync_ray.serve.app import create_app
from lipsync_ray.serve.calling import Caller, callback_secret
from lipsync_ray.serve.logfile import open_logs
from lipsync_ray.serve.places import Places
from lipsync_ray.serve.runner import Runner
from lipsync_ray.serve.store import JobStore
from lipsync_ray.serve.tokens import read_tokens
from lipsync_ray.wording import option_words

DRAIN_S = 180.0  # for running pieces to end when the service stops; what takes longer is done again
_AT_A_TIME = 2000  # requests of a replica: streams of events stay open
QUIET = LoggingConfig(enable_access_log=False, log_level="WARNING")
_PLACE = {"num_cpus": 0}  # the CPUs are for the workers


class Work:
    """Does the jobs. More than one may run: one works, the others stand by.

    Args:
        words: the operator's.
    """

    def __init__(self, words: Sequence[str]) -> None:
        config, places, store = _opened(words)
        self._stop = threading.Event()
        runner = Runner(store, places, words, config.serve)
        caller = Caller(store, config.serve, callback_secret(places, os.environ), places)
        self._threads = [self._thread(runner.run), self._thread(caller.run)]

    def check_health(self) -> None:
        """Asked by Serve, which replaces a replica whose threads have died."""
        if not self._stop.is_set() and not all(thread.is_alive() for thread in self._threads):
            raise RuntimeError("a part of the service has died")

    def __del__(self) -> None:
        """Called by Serve, which waits for it: what runs is finished."""
        self._stop.set()
        for thread in self._threads:
            thread.join(DRAIN_S)

    def _thread(self, run: Callable[[threading.Event], None]) -> threading.Thread:
        thread = threading.Thread(target=run, args=(self._stop,), daemon=True)
        thread.start()
        return thread


def application(words: Sequence[str]) -> Application:
    """Both deployments, for ``serve.run``.

    Args:
        words: the operator's, as on the command line.

    Raises:
        ConfigError: one is wrong.
    """
    words = tuple(words)
    replicas = load_config(["video=none", *words]).serve.replicas

    def app() -> Any:
        config, places, store = _opened(words)
        return create_app(config.serve, words, store, places, read_tokens(config.serve, os.environ))

    @serve.ingress(app)
    class Front:
        """Answers requests; its health is told to all who ask it."""

        def __init__(self, work: Any) -> None:
            self._work = work  # a deployment of an application is there because another one knows it

    work = serve.deployment(
        Work,
        name="Work",
        num_replicas=1,
        ray_actor_options=_PLACE,
        graceful_shutdown_timeout_s=DRAIN_S,
        logging_config=QUIET,
    )
    front = serve.deployment(
        Front,
        name="Front",
        num_replicas=replicas,
        ray_actor_options=_PLACE,
        max_ongoing_requests=_AT_A_TIME,
        graceful_shutdown_timeout_s=5.0,
        logging_config=QUIET,
    )
    return front.bind(work.bind(words))


def build(args: Mapping[str, Any]) -> Application:
    """For ``serve run lipsync_ray.serve.deployment:build`` and for YAML.

    Args:
        args: options by their dotted names. Workers are those of the cluster that Serve runs on, unless
            ``ray.cluster`` says otherwise.

    Raises:
        ConfigError: an option is wrong, or ``serve.data_dir`` is missing.
    """
    if "serve.data_dir" not in args:
        raise ConfigError(
            "args: serve.data_dir is missing; name a folder that all machines of the service have"
        )
    return application([*option_words({"ray.cluster": "auto", **args})])


def _opened(words: Sequence[str]) -> tuple[Config, Places, JobStore]:
    """What a replica works with."""
    config = load_config(["video=none", *words])
    places = Places(config.serve.data_dir)
    places.make()
    open_logs(places, config.log)
    return config, places, JobStore(places.database_url(config.serve))
