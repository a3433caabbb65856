"""Fuzzes one target with atheris: ``python -m tests.fuzz TARGET --seconds 300``.

atheris is no part of the extra ``dev``, as it has no wheels for macOS and Windows: ``pip install atheris``.
A finding ends the run with its trace, and leaves the input in the corpus's folder as ``crash-HASH``
(``oom-``, ``timeout-``); ``python -m tests.fuzz TARGET FILE`` feeds it once more.
"""

from __future__ import annotations

import argparse
import logging
import os
import shutil
import sys
import tempfile
from pathlib import Path

import atheris

from tests.fuzz.target import LONGEST_S, Target, feed


def main() -> None:
    """Read the command line, and hand the rest over to libFuzzer, which ends the process."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("target")
    parser.add_argument("file", nargs="?", type=Path, help="an input to feed once")
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--corpus", type=Path, help="folder of inputs; kept, and grows")
    parser.add_argument("--memory-mb", type=int, default=2048, help="of the process, above which a run fails")
    chosen = parser.parse_args()
    folder = Path(tempfile.mkdtemp(prefix="fuzz-"))
    os.environ["LIPSYNC_RAY_CACHE"] = str(folder / "cache")
    logging.disable()
    # Only what is imported in here tells libFuzzer which of its branches were taken.
    with atheris.instrument_imports(include=["lipsync_ray"]):
        from tests.fuzz.catalogue import TARGETS
    target = TARGETS[chosen.target]
    if chosen.file is not None:
        feed(target, chosen.file.read_bytes(), _fresh(folder / "once"))
        return
    corpus = chosen.corpus or _fresh(folder / "corpus")
    _seed(target, corpus, _fresh(folder / "seeds"))
    words = folder / "words"
    words.write_text("".join(f'"{_escaped(word)}"\n' for word in target.tokens))
    work = _fresh(folder / "work")
    limits = [
        f"-max_total_time={chosen.seconds}",
        f"-timeout={int(LONGEST_S)}",
        f"-rss_limit_mb={chosen.memory_mb}",
    ]
    more = [f"-dict={words}", f"-artifact_prefix={corpus}/", "-max_len=16384", "-print_final_stats=1"]
    atheris.Setup([sys.argv[0], *limits, *more, str(corpus)], lambda data: feed(target, data, work))
    atheris.Fuzz()


def _seed(target: Target, corpus: Path, folder: Path) -> None:
    corpus.mkdir(parents=True, exist_ok=True)
    for number, data in enumerate(target.seeds(folder)):
        (corpus / f"seed-{number}").write_bytes(data)
    shutil.rmtree(folder)


def _fresh(folder: Path) -> Path:
    folder.mkdir(parents=True)
    return folder


def _escaped(word: bytes) -> str:
    return "".join(chr(sign) if 32 < sign < 127 and sign not in b'"\\' else f"\\x{sign:02x}" for sign in word)


if __name__ == "__main__":
    main()
