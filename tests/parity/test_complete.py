"""No fixture without a test."""

from __future__ import annotations

from tests.parity.fixture import FOLDER


def test_every_fixture_is_used() -> None:
    tests = "\n".join(path.read_text("utf-8") for path in FOLDER.glob("test_*.py"))
    tests = tests.replace('f"lipgan_{audio}"', '"lipgan_mel" "lipgan_mfcc"')
    names = sorted(path.stem for path in FOLDER.glob("*.json"))
    assert len(names) == 22
    assert [name for name in names if f'"{name}"' not in tests] == []
