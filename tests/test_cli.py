"""The command line as people and scripts meet it: words in, lines and an exit status out."""

from __future__ import annotations

import io
import logging
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from lipsync_ray import __version__
from lipsync_ray.bars import ConsoleProgress
from lipsync_ray.cli import main
from lipsync_ray.console import emit, progress
from lipsync_ray.progress import LogProgress

PROGRAM = [sys.executable, "-m", "lipsync_ray"]

Captured = pytest.CaptureFixture[str]


def one_line(capsys: Captured) -> str:
    """What went to stderr, which must be one line; nothing went to stdout."""
    out, err = capsys.readouterr()
    assert out == ""
    assert err.count("\n") == 1, err
    assert "Traceback" not in err
    return err.strip()


def test_first_help_shows_the_one_command_and_the_verbs(capsys: Captured) -> None:
    assert main(["--help"]) == 0
    text = capsys.readouterr().out
    assert "python -m lipsync_ray run video=in.mp4 audio=dub.wav out=out.mp4" in text.splitlines()[2]
    for verb in ("run", "plan", "preview", "doctor", "weights"):
        assert f"\n  {verb} " in text


@pytest.mark.parametrize("words", [["run", "--help"], ["run", "-h"], ["help", "run"], ["--help", "run"]])
def test_help_of_run_lists_options_with_defaults(words: list[str], capsys: Captured) -> None:
    assert main(words) == 0
    text = capsys.readouterr().out
    for shown in (
        "sync.mode=silence",
        "encode.crf=null",
        "chunk.seconds=10.0",
        "audio=null",
        "cache.dir=null",
    ):
        assert shown in text
    assert "_target_" not in text


@pytest.mark.parametrize("verb", ["plan", "preview", "verify", "bench", "doctor", "weights"])
def test_each_verb_has_help(verb: str, capsys: Captured) -> None:
    assert main([verb, "--help"]) == 0
    assert capsys.readouterr().out.startswith(f"python -m lipsync_ray {verb} ")


def test_version(capsys: Captured) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"lipsync_ray {__version__}\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "what shall be done? python -m lipsync_ray --help tells"),
        (
            ["rnu"],
            "'rnu' is not a verb (run, plan, speakers, review, preview, batch, status, retry, verify, serve, "
            "bench, doctor, weights, completion); did you mean run?",
        ),
        (["video=a"], "a verb comes first, as in: python -m lipsync_ray run video=a"),
        (
            ["--hlep"],
            "--hlep is not known (python -m lipsync_ray --help lists everything); did you mean --help?",
        ),
        (["run", "--json"], "run has no --json; python -m lipsync_ray run --help tells more"),
        (
            ["run"],
            "video and audio and out are missing; for example: "
            "python -m lipsync_ray run video=in.mp4 audio=dub.wav out=out.mp4",
        ),
        (
            ["plan", "video=a.mp4"],
            "audio is missing; for example: python -m lipsync_ray plan video=in.mp4 audio=dub.wav",
        ),
        (["run", "video=a", "audio=b", "out=c", "crf=3"], "crf is not an option; did you mean encode.crf?"),
        (["weights"], "weights: expected weights list, pull or verify"),
        (["weights", "lst"], "weights lst: expected weights list, pull or verify; did you mean list?"),
    ],
)
def test_a_wrong_command_is_one_line_and_status_1(words: list[str], says: str, capsys: Captured) -> None:
    assert main(words) == 1
    assert one_line(capsys) == f"lipsync_ray: CONFIG: {says}"


def test_debug_shows_the_trace(capsys: Captured) -> None:
    assert main(["run", "crf=3", "--debug"]) == 1
    err = capsys.readouterr().err
    assert "Traceback (most recent call last)" in err
    assert err.splitlines()[-1] == "lipsync_ray: CONFIG: crf is not an option; did you mean encode.crf?"


def test_weights_are_listed_with_their_terms(tmp_path: Path, capsys: Captured) -> None:
    assert main(["weights", "list", f"weights.folder={tmp_path}"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert lines[0].split() == ["NAME", "MB", "HERE", "BUNDLE", "COMMERCIAL", "LICENCE", "FOR"]
    rows = {line.split()[0]: line for line in lines[1:]}
    assert rows["face_mesh"].split()[:6] == ["face_mesh", "2.5", "absent", "default", "yes", "Apache-2.0"]
    assert rows["vrt_lnet"].split()[:5] == ["vrt_lnet", "~1530", "absent", "video_retalking", "unclear"]
    assert rows["lipgan_mel"].split()[:3] == ["lipgan_mel", "?", "absent"]


def test_a_bundle_is_listed_by_its_name(tmp_path: Path, capsys: Captured) -> None:
    assert main(["weights", "list", "retinaface", f"weights.folder={tmp_path}"]) == 0
    rows = capsys.readouterr().out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["retinaface_r50", "retinaface_mobilenet"]


def test_files_of_ones_own_are_listed_as_such(tmp_path: Path, capsys: Captured) -> None:
    own = tmp_path / "checkpoints"
    own.mkdir()
    (own / "GPEN-BFR-512.pth").write_bytes(b"my own training")
    (own / "expression.mat").write_bytes(b"whatever")
    words = [f"weights.folder={tmp_path / 'cache'}", f"weights.dir={tmp_path}", "weights.verify=false"]
    assert main(["weights", "pull", "gpen", "vrt_expression", *words]) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"gpen  {own / 'GPEN-BFR-512.pth'}",
        f"vrt_expression  {own / 'expression.mat'}",
    ]
    assert main(["weights", "verify", "gpen", "vrt_expression", *words]) == 0
    states = [line.split()[1] for line in capsys.readouterr().out.splitlines()]
    assert states == ["own", "unpinned"]


def test_a_damaged_weight_fails_verification(tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "face_landmark_with_attention.tflite").write_bytes(b"damaged")
    assert main(["weights", "verify", "face_mesh", f"weights.folder={tmp_path}"]) == 1
    assert "is not the published file" in capsys.readouterr().out


def test_an_unknown_weight_is_refused(tmp_path: Path, capsys: Captured) -> None:
    assert main(["weights", "pull", "face_msh", f"weights.folder={tmp_path}"]) == 1
    assert "face_mesh" in one_line(capsys)


def test_weights_that_cannot_be_fetched_are_one_line(tmp_path: Path, capsys: Captured) -> None:
    words = ["weights", "pull", "face_mesh", f"weights.folder={tmp_path}", "weights.offline=true"]
    assert main(words) == 1
    assert one_line(capsys).startswith("lipsync_ray: WEIGHTS_MISSING: face_mesh")


def test_weights_on_a_page_for_people_say_where_it_is(tmp_path: Path, capsys: Captured) -> None:
    assert main(["weights", "pull", "lipgan", f"weights.folder={tmp_path}"]) == 1
    assert one_line(capsys) == (
        "lipsync_ray: WEIGHTS_MISSING: lipgan_mel (lipgan_residual_mel.h5): no program can fetch it; its "
        "authors publish it at https://github.com/Rudrabha/LipGAN/tree/fully_pythonic: put it into a folder "
        "and set weights.dir=FOLDER"
    )


def test_all_files_of_a_bundle_that_are_missing_are_named_in_one_line(
    tmp_path: Path, capsys: Captured
) -> None:
    words = ["weights", "pull", "video_retalking", f"weights.folder={tmp_path}", "weights.offline=true"]
    assert main(words) == 1
    line = one_line(capsys)
    assert line.startswith(
        "lipsync_ray: WEIGHTS_MISSING: 7 of 7 files cannot be fetched: vrt_dnet (DNet.pt, "
    )
    assert "GFPGANv1.4.pth" in line
    assert "weights.dir=FOLDER" in line


def test_terms_that_the_policy_refuses_are_status_3(tmp_path: Path, capsys: Captured) -> None:
    words = ["weights", "pull", "gpen", f"weights.folder={tmp_path}", "license.policy=commercial"]
    assert main(words) == 3
    line = one_line(capsys)
    assert line.startswith(
        "lipsync_ray: LICENSE_REFUSED: license.policy=commercial, and the terms of gpen (GPEN-BFR-512.pth, "
    )
    assert "allowed are face_detector, face_mesh, retinaface_r50, retinaface_mobilenet, face_identity" in line


def run_with_dub(body: str, *words: str) -> subprocess.Popen[str]:
    """The command line in a process of its own, with ``dub`` replaced by a function of this body.

    Only for what the command line does around it: signals, unexpected errors, broken pipes.
    """
    script = (
        "import sys, time, types\n"
        "def dub(config, progress):\n"
        f"    {body}\n"
        "sys.modules['lipsync_ray.dubbing'] = types.SimpleNamespace(dub=dub)\n"
        "from lipsync_ray.cli import main\n"
        "sys.exit(main(sys.argv[1:]))\n"
    )
    command = [sys.executable, "-c", script, "run", "video=a", "audio=b", "out=c", *words]
    return subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_a_signal_unwinds_the_work_and_is_status_4(number: signal.Signals) -> None:
    body = "\n    ".join(
        [
            "try:",
            "    sys.stdout.write('working\\n'); sys.stdout.flush(); time.sleep(60)",
            "finally:",
            "    sys.stdout.write('cleaned\\n')",
        ]
    )
    process = run_with_dub(body)
    assert process.stdout is not None
    assert process.stdout.readline() == "working\n"
    process.send_signal(number)
    out, err = process.communicate(timeout=30)
    assert process.returncode == 4
    assert out == "cleaned\n"
    assert err.count("\n") == 1
    assert err.startswith("lipsync_ray: INTERRUPTED: stopped by ")


def test_an_exit_that_ray_makes_of_a_signal_is_an_interruption() -> None:
    process = run_with_dub("sys.exit(15)")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 4
    assert err.startswith("lipsync_ray: INTERRUPTED: stopped by SIGTERM")


def test_an_unexpected_error_is_one_line() -> None:
    process = run_with_dub("raise ZeroDivisionError('two\\nlines')")
    out, err = process.communicate(timeout=30)
    assert process.returncode == 1
    expected = "lipsync_ray: INTERNAL: ZeroDivisionError: two lines (run again with --debug and report it)\n"
    assert (out, err) == ("", expected)


@pytest.mark.parametrize(
    ("error", "says"),
    [
        (
            "OSError(28, 'No space left on device', '/x')",
            "STORAGE: No space left on device: /x; free some space",
        ),
        ("PermissionError(13, 'Permission denied', '/x')", "STORAGE: Permission denied: /x; "),
        ("MemoryError()", "OUT_OF_MEMORY: not enough memory; try"),
        ("FileNotFoundError(2, 'No such file', '/x')", "INTERNAL: FileNotFoundError: "),
    ],
)
def test_troubles_of_the_machine_are_told_apart_from_mistakes(error: str, says: str) -> None:
    process = run_with_dub(f"raise {error}")
    _, err = process.communicate(timeout=30)
    assert process.returncode == 1
    assert err.startswith(f"lipsync_ray: {says}")


def test_refusals_and_other_errors_have_their_exit_codes() -> None:
    body = "from lipsync_ray.errors import LicenseRefused; raise LicenseRefused('no')"
    process = run_with_dub(body)
    _, err = process.communicate(timeout=30)
    assert process.returncode == 3
    assert err == "lipsync_ray: LICENSE_REFUSED: no\n"


def test_a_log_holds_plain_lines() -> None:
    body = "\n    ".join(
        [
            "import logging",
            "progress.stage('render', 4); progress.advance(4); progress.note('a note')",
            "logging.getLogger('lipsync_ray.x').warning('careful')",
            "logging.getLogger('lipsync_ray.x').info('unheard')",
        ]
    )
    process = run_with_dub(body)
    _, err = process.communicate(timeout=30)
    lines = err.splitlines()
    assert lines[:2] == ["a note", "lipsync_ray: warning: careful"]
    assert lines[2].startswith("render: 4/4, ")
    assert "\x1b" not in err
    assert "unheard" not in err


def test_a_reader_that_has_had_enough_is_no_error() -> None:
    shell = f"'{sys.executable}' -m lipsync_ray run --help | head -n 1; echo ${{PIPESTATUS[0]}}"
    done = subprocess.run(["bash", "-c", shell], capture_output=True, text=True, check=False)
    assert done.stdout.splitlines()[-1] == "0"
    assert done.stderr == ""


def test_any_name_can_be_shown_in_any_locale() -> None:
    environment = {**os.environ, "LC_ALL": "C", "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"}
    command = [*PROGRAM, "run", "video=日本.mp4", "audio=a", "out=c", "ключ=1"]
    done = subprocess.run(command, capture_output=True, env=environment, check=False)
    assert done.returncode == 1
    assert done.stderr.startswith(b"lipsync_ray: CONFIG: ")
    assert b"Traceback" not in done.stderr


class Clock:
    """A clock that the test moves."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_log_progress_is_a_line_per_stage_and_few_between() -> None:
    stream, clock = io.StringIO(), Clock()
    shown = LogProgress(stream, every=5.0, clock=clock)
    shown.stage("scan", 100)
    for _ in range(100):
        clock.now += 0.12
        shown.advance()
    shown.stage("mux")
    clock.now += 1
    shown.close()
    lines = stream.getvalue().splitlines()
    assert lines == ["scan: 42/100", "scan: 84/100", "scan: 100/100, 12.0 s", "mux: 1.0 s"]


def test_a_log_that_cannot_be_written_does_not_stop_the_work() -> None:
    class Full(io.StringIO):
        def write(self, text: str) -> int:
            raise OSError(28, "No space left on device")

    shown = LogProgress(Full())
    shown.stage("scan", 2)
    shown.advance(2)
    shown.note("nobody reads this")
    shown.close()


def test_bars_on_a_terminal() -> None:
    from rich.console import Console

    stream = io.StringIO()
    with ConsoleProgress(Console(file=stream, force_terminal=True, width=80)) as shown:
        shown.stage("scan", 2)
        shown.advance(2)
        shown.note("[bold] is not markup")
        shown.stage("render")
    text = stream.getvalue()
    assert "scan" in text
    assert "2/2" in text
    assert "[bold] is not markup" in text


def test_logging_is_left_as_it_was(capsys: Captured) -> None:
    package = logging.getLogger("lipsync_ray")
    before = (package.level, package.propagate, list(package.handlers))
    with progress("error"):
        logging.getLogger("lipsync_ray.x").error("heard")
    assert (package.level, package.propagate, list(package.handlers)) == before
    assert capsys.readouterr().err == "lipsync_ray: error: heard\n"


def test_emit_writes_one_line(capsys: Captured) -> None:
    emit("é")
    assert capsys.readouterr().out == "é\n"


@pytest.mark.skipif(
    (os.cpu_count() or 1) < 2, reason="a library for matrices has one thread on one CPU anyway"
)
@pytest.mark.parametrize(("given", "most"), [(None, 1), ("2", 2)])
def test_libraries_for_matrices_start_with_one_thread_unless_the_user_says_otherwise(
    given: str | None, most: int
) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.endswith("_NUM_THREADS")}
    if given is not None:
        environment["OPENBLAS_NUM_THREADS"] = given
    body = """
import sys
from lipsync_ray import __main__
sys.argv = ["lipsync_ray", "--version"]
try:
    __main__.main()
except SystemExit:
    import cv2, numpy
    from threadpoolctl import threadpool_info
    print(max(each["num_threads"] for each in threadpool_info() if each["internal_api"] == "openblas"))
"""
    command = [sys.executable, "-c", body]
    done = subprocess.run(command, capture_output=True, text=True, env=environment, check=True)
    assert int(done.stdout.splitlines()[-1]) == most
