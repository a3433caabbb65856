"""The verbs of ``python -m lipsync_ray``: words in, an exit status out, never a traceback unasked."""

from __future__ import annotations

import contextlib
import gc
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import lipsync_ray
from lipsync_ray import help as texts
from lipsync_ray.console import complain, complain_about, emit
from lipsync_ray.errors import ConfigError, ExitCode, LipsyncError
from lipsync_ray.kinds import suggest

_OTHERS = {"--json", "--failed", "--all"}  # flags that only some verbs have
_EVERYWHERE = {"--help", "-h", "--version", "--debug"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Verb:
    """A verb of the command line."""

    run: Callable[[list[str], frozenset[str]], ExitCode]  # words without flags, and the flags
    help: Callable[[], str]
    flags: frozenset[str] = frozenset()  # besides those known everywhere
    groups: bool = False  # whether its help may be that of one group of options


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command line; returns the exit status.

    Args:
        argv: words after the program's name; by default those of this process, which does nothing else then.
    """
    words = _joined(sys.argv[1:] if argv is None else argv)
    trace = "--debug" in words or "debug=true" in words
    heard: list[str] = []
    try:
        with _signals_as_interrupt(heard):
            return int(_dispatch(words, alone=argv is None))
    except KeyboardInterrupt as stop:
        name = heard[0] if heard else str(stop)
        return _interrupted("Ctrl-C" if name in ("", "SIGINT") else name)
    except SystemExit as error:
        if error.code in (signal.SIGTERM, 128 + signal.SIGTERM):  # how Ray leaves, while its handler is set
            return _interrupted("SIGTERM")
        raise
    except LipsyncError as error:
        complain_about(error, trace=trace)
        return int(error.exit_code)
    except Exception as error:
        complain_about(error, trace=trace)
        return int(ExitCode.FAILED)


def _dispatch(words: list[str], *, alone: bool) -> ExitCode:
    flags = frozenset(word for word in words if word in _EVERYWHERE or word in _OTHERS)
    rest = [word for word in words if word not in flags]
    if "--version" in flags:
        emit(f"lipsync_ray {lipsync_ray.__version__}")
        return ExitCode.DONE
    if rest[:1] == ["help"]:
        rest, flags = rest[1:], flags | {"--help"}
    if not rest:
        if not flags & {"--help", "-h"}:
            complain("CONFIG", f"what shall be done? {texts.PROGRAM} --help tells")
            return ExitCode.FAILED
        emit(texts.OVERVIEW.rstrip())
        return ExitCode.DONE
    with _uncollected() if alone else contextlib.nullcontext():
        verbs = _verbs()
    if flags & {"--help", "-h"}:
        emit(_help(rest, verbs).rstrip())
        return ExitCode.DONE
    name, *rest = rest
    if name not in verbs:
        raise ConfigError(_unknown_verb(name, list(verbs)))
    verb = verbs[name]
    if unknown := flags - _EVERYWHERE - verb.flags:
        raise ConfigError(
            f"{name} has no {', '.join(sorted(unknown))}; {texts.PROGRAM} {name} --help tells more"
        )
    if "--debug" in flags:
        rest = [*rest, "debug=true"]
    return verb.run(rest, flags)


def _help(words: list[str], verbs: Mapping[str, Verb]) -> str:
    """Help of a verb, or of the group of options that is named alone or after a verb."""
    from lipsync_ray.group_help import group_help

    name, *more = words
    if name not in verbs:
        return group_help(name, verbs)
    groups = [word for word in more if "=" not in word]  # help may be asked for behind options
    return group_help(groups[0]) if groups and verbs[name].groups else verbs[name].help()


def _verbs() -> Mapping[str, Verb]:
    from lipsync_ray import verbs  # needs the media libraries: not for --version and the first help

    return {
        "run": Verb(run=verbs.run, help=texts.run_help, groups=True),
        "plan": Verb(run=verbs.plan, help=lambda: texts.PLAN, flags=frozenset({"--json"}), groups=True),
        "speakers": Verb(
            run=verbs.speakers, help=texts.speakers_help, flags=frozenset({"--json"}), groups=True
        ),
        "review": Verb(run=verbs.review, help=texts.review_help, flags=frozenset({"--json"}), groups=True),
        "preview": Verb(run=verbs.preview, help=texts.preview_help, groups=True),
        "batch": Verb(run=_batch, help=texts.batch_help, groups=True),
        "status": Verb(run=_status, help=lambda: texts.STATUS, flags=frozenset({"--json"})),
        "retry": Verb(run=_retry, help=lambda: texts.RETRY, flags=frozenset({"--failed", "--all"})),
        "verify": Verb(run=verbs.verify, help=lambda: texts.VERIFY, flags=frozenset({"--json"})),
        "serve": Verb(run=_serve, help=texts.serve_help, groups=True),
        "bench": Verb(run=_bench, help=lambda: texts.BENCH, flags=frozenset({"--json"})),
        "doctor": Verb(run=verbs.doctor, help=lambda: texts.DOCTOR),
        "weights": Verb(run=verbs.weights, help=texts.weights_help),
        "completion": Verb(run=_completion, help=lambda: texts.COMPLETION),
    }


def _batch(words: list[str], flags: frozenset[str]) -> ExitCode:
    from lipsync_ray.batch.verbs import batch

    return batch(words, flags)


def _status(words: list[str], flags: frozenset[str]) -> ExitCode:
    from lipsync_ray.batch.verbs import status

    return status(words, flags)


def _retry(words: list[str], flags: frozenset[str]) -> ExitCode:
    from lipsync_ray.batch.verbs import retry

    return retry(words, flags)


def _serve(words: list[str], flags: frozenset[str]) -> ExitCode:
    from lipsync_ray.serve.verb import serve

    return serve(words, flags)


def _bench(words: list[str], flags: frozenset[str]) -> ExitCode:
    from lipsync_ray.bench.verb import bench

    return bench(words, flags)


def _completion(words: list[str], flags: frozenset[str]) -> ExitCode:
    from lipsync_ray.completion.verb import completion

    return completion(words, {name: verb.flags | {"--help", "--debug"} for name, verb in _verbs().items()})


def _joined(words: Sequence[str]) -> list[str]:
    """``--limit 5`` as one word, like ``--limit=5``; ``--help=encode`` as two, like ``--help encode``."""
    joined: list[str] = []
    for word in words:
        if joined and joined[-1] == "--limit":
            joined[-1] = f"--limit={word}"
        elif word.startswith("--help="):
            joined += word.split("=", 1)
        else:
            joined.append(word)
    return joined


def _unknown_verb(name: str, verbs: list[str]) -> str:
    if "=" in name:
        return f"a verb comes first, as in: {texts.PROGRAM} run {name}"
    if name.startswith("-"):
        return f"{name} is not known ({texts.PROGRAM} --help lists everything){suggest(name, _EVERYWHERE)}"
    return f"'{name}' is not a verb ({', '.join(verbs)}){suggest(name, verbs)}"


def _interrupted(by: str) -> int:
    complain(
        "INTERRUPTED",
        f"stopped by {by}; nothing half-written is left, and the same command goes on from here",
    )
    return int(ExitCode.INTERRUPTED)


@contextlib.contextmanager
def _uncollected() -> Iterator[None]:
    """Let no garbage be looked for meanwhile, nor ever in what there is at the end.

    What is imported stays: to go through it again and again takes .05 s of a run.
    """
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        gc.enable()


@contextlib.contextmanager
def _signals_as_interrupt(heard: list[str]) -> Iterator[None]:
    """Let SIGTERM and a closed terminal unwind the work like Ctrl-C does; ``heard`` gets their names."""

    def stop(number: int, frame: object) -> None:
        heard.append(signal.Signals(number).name)  # Ray's core raises a KeyboardInterrupt of its own instead
        raise KeyboardInterrupt

    if threading.current_thread() is not threading.main_thread():
        yield
        return
    wanted = [getattr(signal, name) for name in ("SIGTERM", "SIGHUP") if hasattr(signal, name)]
    before = {number: signal.getsignal(number) for number in wanted}
    for number in wanted:
        if before[number] is not signal.SIG_IGN:  # nohup
            signal.signal(number, stop)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler if handler is not None else signal.SIG_DFL)
