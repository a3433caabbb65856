"""Completion, driven through the shells themselves."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from lipsync_ray.cli import main
from lipsync_ray.completion.vocabulary import FILES, FOLDERS, read_vocabulary
from lipsync_ray.config import Config
from lipsync_ray.overrides import group_options
from lipsync_ray.schema import find_kind, list_keys

Captured = pytest.CaptureFixture[str]

# Typed up to the cursor: what is offered, all of it.
CASES = [
    ("r", {"run", "retry", "review"}),
    ("run enc", {"encode."}),
    ("run encode.aud", {"encode.audio_codec=", "encode.audio_bitrate_k="}),
    ("run encode.preset=very", {"encode.preset=veryfast", "encode.preset=veryslow"}),
    ("run preset=", {"preset=fast", "preset=balanced", "preset=best"}),
    ("batch engine=w", {"engine=wav2lip"}),
    ("run ray.cluster=", {"ray.cluster=local", "ray.cluster=auto", "ray.cluster=none"}),
    ("run cache.enabled=t", {"cache.enabled=true"}),
    ("run encode.crf=", set()),
    ("run video=clip", {"video=clip.mp4", "video=clips/"}),
    ("batch out_dir=cl", {"out_dir=clips/"}),
    ("plan --js", {"--json"}),
    ("bench ro", {"rounds="}),
    ("bench ray.w", {"ray.workers="}),
    ("status out", {"out_dir="}),
    ("status enc", set()),
    ("retry --f", {"--failed"}),
    ("weights pu", {"pull"}),
    ("weights pull gp", {"gpen"}),
    ("help encod", {"encode"}),
    ("completion ", {"bash", "zsh", "fish", "--debug", "--help"}),
]
# A word of its own for "=", as bash cuts what is typed: only the value is replaced then.
PROBE = """
source "$1"
before=$2; shift 2
COMP_WORDS=("$@"); COMP_CWORD=$(( $# - 1 ))
$before "$1"
for found in "${COMPREPLY[@]}"; do echo "$found"; done
"""


@pytest.fixture
def folder(tmp_path: Path, capsys: Captured) -> Path:
    """A folder with files to complete, and the scripts of all shells."""
    for shell in ("bash", "zsh", "fish"):
        assert main(["completion", shell]) == 0
        (tmp_path / f"complete.{shell}").write_text(capsys.readouterr().out, "utf-8")
    (tmp_path / "clip.mp4").touch()
    (tmp_path / "my film.mp4").touch()
    (tmp_path / "clips").mkdir()
    return tmp_path


def need(shell: str) -> str:
    found = shutil.which(shell)
    if found is None:
        pytest.skip(f"{shell} is not installed")
    return found


def bash(folder: Path, words: list[str], function: str = "_lipsync_ray") -> list[str]:
    """What bash offers for the last of the words."""
    (folder / "probe.bash").write_text(PROBE, "utf-8")
    command = [need("bash"), "--norc", "probe.bash", "complete.bash", function, *words]
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
    assert done.stderr == ""
    return done.stdout.splitlines()


def cut(word: str) -> list[str]:
    """A word as bash cuts it at ``=``; what is behind is a word only if something is there."""
    key, equals, value = word.partition("=")
    return [key, *([equals] if equals else []), *([value] if value else [])]


@pytest.mark.parametrize(("typed", "offered"), CASES)
def test_bash(typed: str, offered: set[str], folder: Path) -> None:
    *before, last = ["lipsync-ray", *typed.split(" ")]
    assert {_folded(folder, word) for word in bash(folder, [*before, last])} == offered
    key = f"{last.partition('=')[0]}="
    values = {word.removeprefix(key) for word in offered} if "=" in last else offered
    pieces = cut(last) if "=" in last else [last]
    found = {_folded(folder, word) for word in bash(folder, [*before, *pieces])}
    assert found == values


def _folded(folder: Path, word: str) -> str:
    """A folder with its slash, which bash adds itself where it knows the name to be one."""
    return f"{word}/" if (folder / word).is_dir() and not word.endswith("/") else word


def test_bash_completes_python_m_and_leaves_the_rest_of_python_alone(folder: Path) -> None:
    own = "_lipsync_ray_python"
    assert bash(folder, ["python", "-m", "lipsync_ray", "bat"], own) == ["batch"]
    assert bash(folder, ["python", "-m", "lipsync_ray", "run", "engine", "=", "lip"], own) == ["lipgan"]
    assert bash(folder, ["python", "-m", "json.tool", "en"], own) == []


@pytest.mark.parametrize(
    ("last", "offered"),
    [
        ("'video=my f", "video=my film.mp4"),
        ('"video=my f', "video=my film.mp4"),
        ("video=my\\ f", "video=my film.mp4"),
    ],
)
def test_bash_completes_names_with_spaces(last: str, offered: str, folder: Path) -> None:
    assert bash(folder, ["lipsync-ray", "run", last]) == [offered]


@pytest.mark.parametrize(("typed", "offered"), CASES)
def test_fish(typed: str, offered: set[str], folder: Path) -> None:
    for program in ("lipsync-ray", "python -m lipsync_ray"):
        line = f"source complete.fish; complete -C '{program} {typed}'"
        command = [need("fish"), "--no-config", "-c", line]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=True)
        assert done.stderr == ""
        assert {shown.split("\t")[0] for shown in done.stdout.splitlines()} == offered


PYTHON_M = ["python", "-m", "lipsync_ray"]
# zsh completes only on a terminal: its builtins are replaced by functions that print what they are given.
ZSH = """
compdef() { :; }
compset() { PREFIX=${PREFIX#*=}; }
compadd() { local word; while [[ $1 != -- ]]; do shift; done; shift; for word; do [[ $word == ${PREFIX}* ]] && echo $word; done }
_describe() { local word; for word in "${found[@]}"; do [[ $word == ${PREFIX}* ]] && echo ${word%%:*}; done }
_files() { echo "files $*"; }
typeset -A _comps
source complete.zsh
words=("$@"); CURRENT=$#; PREFIX=${words[-1]}
$FUNCTION
"""  # noqa: E501


@pytest.mark.parametrize(("typed", "offered"), CASES)
def test_zsh(typed: str, offered: set[str], folder: Path) -> None:
    (folder / "probe.zsh").write_text(ZSH, "utf-8")
    key = f"{typed.split(' ')[-1].partition('=')[0]}="
    wanted = {word.removeprefix(key) if "=" in typed else word for word in offered}
    if any(word.endswith("/") for word in wanted):
        wanted = {"files -/"} if "out_dir" in typed else {"files "}
    for start, function in (["lipsync-ray"], "_lipsync_ray"), (PYTHON_M, "_lipsync_ray_python"):
        words = [*start, *typed.split(" ")]
        command = [need("zsh"), "-f", "probe.zsh", *words]
        done = subprocess.run(
            command, cwd=folder, capture_output=True, text=True, check=False, env={"FUNCTION": function}
        )
        assert done.stderr == ""
        assert set(done.stdout.splitlines()) == wanted


def test_every_option_and_every_closed_choice_is_there() -> None:
    words = read_vocabulary({"run": ()})
    assert set(list_keys(Config)) - {"audio.file", "speech.name"} == set(words.texts) - {
        "audio",
        "engine",
        "speech",
        "preset",
        "provenance",
    }
    for group in ("engine", "speech", "preset", "provenance"):
        assert sorted(words.choices[group]) == group_options(group)
    assert words.choices["engine.layered"] == ("auto", "always", "never")
    assert words.choices["cache.shared"] == ("true", "false", "null")
    assert "encode.crf" not in words.choices


def test_files_and_folders_are_options_that_take_paths() -> None:
    own = {"manifest", "strip", "write", "sheet", "sidecar", "trust", "out_dir", "audio"}
    assert (FILES | FOLDERS) - own <= set(list_keys(Config))
    paths = {key for key in list_keys(Config) if key.partition(".")[0] != "engine" and _is_path(key)}
    assert paths <= FOLDERS


def _is_path(key: str) -> bool:
    kind = find_kind(Config, key)
    return Path in (kind, *getattr(kind, "__args__", ()))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ([], "completion: expected bash, zsh or fish; for example: python -m lipsync_ray completion bash"),
        (["bsh"], "completion bsh: expected bash, zsh or fish; did you mean bash?"),
        (["bash", "zsh"], "completion bash zsh: expected bash, zsh or fish"),
    ],
)
def test_another_shell_is_refused(words: list[str], says: str, capsys: Captured) -> None:
    assert main(["completion", *words]) == 1
    assert capsys.readouterr().err.startswith(f"lipsync_ray: CONFIG: {says}")
