from __future__ import annotations

import subprocess
import sys
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

import lipsync_ray.fingerprint
from lipsync_ray.fingerprint import code_version, fingerprint
from lipsync_ray.media.frame import Box

VALUES = "{'b': [1, 2.5, None], 'a': ('x', b'y'), 3: np.arange(4, dtype=np.int16)}"


def test_every_process_finds_the_same_hash() -> None:
    script = (
        f"import numpy as np\nfrom lipsync_ray.fingerprint import fingerprint\nprint(fingerprint({VALUES}))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", script],
            env={"PYTHONHASHSEED": seed},
            capture_output=True,
            text=True,
            check=True,
            cwd=Path(__file__).parent.parent,
        ).stdout
        for seed in ("1", "2")
    }
    assert told == {fingerprint(eval(VALUES, {"np": np})) + "\n"}


def test_order_of_keys_does_not_matter_and_memory_layout_neither() -> None:
    assert fingerprint({"a": 1, "b": 2}) == fingerprint({"b": 2, "a": 1})
    square = np.arange(6).reshape(2, 3)
    assert fingerprint(square) == fingerprint(np.asfortranarray(square))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (1, 1.0),
        (1, True),
        ("1", 1),
        (Fraction(1, 2), 0.5),
        ([1, [2]], [[1], 2]),
        (("ab", "c"), ("a", "bc")),
        (np.zeros(4, np.int16), np.zeros(2, np.int32)),
        (np.zeros((2, 3)), np.zeros((3, 2))),
        (Box(x0=0, y0=0, x1=2, y1=4), Box(x0=0, y0=0, x1=4, y1=2)),
    ],
)
def test_what_differs_has_another_hash(one: object, other: object) -> None:
    assert fingerprint(one) != fingerprint(other)


def test_what_has_no_content_of_its_own_is_refused() -> None:
    with pytest.raises(TypeError, match="no fingerprint for set"):
        fingerprint({1, 2})


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A package of two parts, with a hash of its own."""
    for name in ("faces/a.py", "faces/registry.yaml", "media/b.py"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text("1")
    monkeypatch.setattr(lipsync_ray.fingerprint, "__file__", str(tmp_path / "fingerprint.py"))
    code_version.cache_clear()
    yield tmp_path
    code_version.cache_clear()


@pytest.mark.parametrize("name", ["faces/a.py", "faces/registry.yaml", "faces/new.npz"])
def test_a_change_of_code_or_data_is_another_version_of_its_part_alone(package: Path, name: str) -> None:
    before = {part: code_version(*part) for part in ((), ("faces",), ("media",))}
    code_version.cache_clear()
    (package / name).write_text("2")
    changed = {part for part, version in before.items() if code_version(*part) != version}
    assert changed == {(), ("faces",)}


def test_defaults_which_only_a_wheel_holds_do_not_count(package: Path) -> None:
    before = code_version()
    code_version.cache_clear()
    (package / "conf").mkdir()
    (package / "conf" / "config.yaml").write_text("a: 1")
    assert code_version() == before


def test_another_library_is_another_version(package: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    before = code_version("faces")
    code_version.cache_clear()
    monkeypatch.setattr(lipsync_ray.fingerprint, "version", lambda library: f"{library} 99")
    assert code_version("faces") != before
