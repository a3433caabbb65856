"""The verb ``serve``: the service on this machine, or on the cluster that it joins."""

from __future__ import annotations

import importlib.util
import os
import threading
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path

from lipsync_ray.config import Config
from lipsync_ray.console import tell
from lipsync_ray.errors import ConfigError, DependencyMissing, ExitCode
from lipsync_ray.help import PROGRAM
from lipsync_ray.overrides import load_config, split_word
from lipsync_ray.serve.places import Places
from lipsync_ray.storage.uri import is_remote, local_path

_NEEDED = ("ray", "fastapi", "uvicorn", "sqlalchemy", "python_multipart", "httpx")
_OF_A_JOB = ("video", "audio", "audio.file", "out")


def serve(words: list[str], flags: frozenset[str]) -> ExitCode:
    """Answer requests and do jobs until a signal says to stop."""
    if missing := [name for name in _NEEDED if importlib.util.find_spec(name) is None]:
        raise DependencyMissing(f"serve needs {', '.join(missing)}: pip install 'lipsync-ray[serve]'")
    config = _read(words)
    from lipsync_ray.distributed.ray_cluster import ray_session
    from lipsync_ray.distributed.signals import draining_first
    from lipsync_ray.serve.listening import PATIENCE_S, alone, check_exposed, free_port
    from lipsync_ray.serve.tokens import read_tokens

    settings, stop = config.serve, threading.Event()
    tokens = read_tokens(settings, os.environ)
    check_exposed(settings, tokens)
    places = Places(settings.data_dir)
    places.make()
    with ExitStack() as stack:
        killed = stack.enter_context(alone(places))
        port = free_port(settings, PATIENCE_S if killed else 0.0)
        words = [*words, *_absolute(config, port)]
        _try_out(words, places)
        stack.enter_context(ray_session(config.ray))
        stack.enter_context(draining_first(lambda name: _asked(name, stop)))
        from lipsync_ray.serve.ray_serve import served

        with served(words, settings.host, port):
            tell(f"listening on http://{settings.host}:{port}")
            stop.wait()
    return ExitCode.DONE


def _read(words: Sequence[str]) -> Config:
    """The settings of the service. Raises ConfigError."""
    for word in words:
        if split_word(word)[0] in _OF_A_JOB:
            raise ConfigError(
                f"{word}: the service gets files with its jobs; {PROGRAM} serve --help tells more"
            )
    config = load_config(["video=none", *words])
    if config.ray.cluster == "none":
        raise ConfigError("ray.cluster=none: the service needs Ray; local starts one, auto joins a cluster")
    return config


def _absolute(config: Config, port: int) -> list[str]:
    """Words that mean the same in other processes, whatever their folder."""
    settings = config.serve
    words = [f"serve.port={port}", f"serve.data_dir={Path(settings.data_dir).expanduser().absolute()}"]
    named = {
        "serve.tokens_file": settings.tokens_file,
        "cache.dir": config.cache.dir,
        "cache.copies_dir": config.cache.copies_dir,
        "weights.folder": config.weights.folder,
        "weights.dir": config.weights.dir,
        "provenance.key": config.provenance.key,
        "provenance.certificate": config.provenance.certificate,
    }
    for name, place in named.items():
        if place is not None and not is_remote(str(place)):
            words.append(f"{name}={local_path(str(place)).expanduser().absolute()}")
    return words


def _try_out(words: Sequence[str], places: Places) -> None:
    """Build here what replicas will build: their errors would be told late, and in many lines."""
    from lipsync_ray.serve.app import create_app
    from lipsync_ray.serve.calling import callback_secret
    from lipsync_ray.serve.store import JobStore
    from lipsync_ray.serve.tokens import read_tokens

    settings = load_config(["video=none", *words]).serve
    callback_secret(places, os.environ)
    store = JobStore(places.database_url(settings))
    create_app(settings, words, store, places, read_tokens(settings, os.environ))
    store.close()


def _asked(name: str, stop: threading.Event) -> None:
    tell(f"{name}: running pieces are finished first; once more stops at once")
    stop.set()
