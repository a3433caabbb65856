"""What the verb ``serve`` hands to the processes of the service."""

from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_ray.overrides import load_config
from lipsync_ray.serve.verb import _absolute


def test_places_mean_the_same_whatever_folder_a_process_runs_in(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    given = {
        "serve.data_dir": "data",
        "serve.tokens_file": "tokens",
        "cache.dir": "s3://bucket/cache",
        "weights.dir": "weights",
        "provenance.key": "own.key",
        "provenance.certificate": "own.pem",
    }
    words = _absolute(load_config(["video=none", *(f"{key}={place}" for key, place in given.items())]), 8000)
    told = dict(word.split("=", 1) for word in words)
    assert told.pop("serve.port") == "8000"
    assert "cache.dir" not in told  # is the same everywhere
    assert told == {key: str(tmp_path / place) for key, place in given.items() if key != "cache.dir"}
