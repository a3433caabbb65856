"""The pages for people: links lead somewhere, commands name what exists."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from lipsync_ray.config import Config
from lipsync_ray.schema import list_keys

ROOT = Path(__file__).resolve().parent.parent
NAMES = ("README.md", "CONTRIBUTING.md", "CHANGELOG.md", "SECURITY.md", "examples/README.md")
PAGES = [ROOT / name for name in NAMES]
PAGES += sorted(
    page for folder in ("docs", "benchmarks", "cluster", "training") for page in (ROOT / folder).rglob("*.md")
)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_inside_the_project_lead_somewhere(page: Path) -> None:
    links = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text("utf-8"))
    missing = [link for link in links if "://" not in link and not (page.parent / link).exists()]
    assert not missing


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_options_that_pages_name_exist(page: Path) -> None:
    groups = {key.partition(".")[0] for key in list_keys(Config) if "." in key}
    pattern = rf"`(?:[^`\n]* )?((?:{'|'.join(sorted(groups))})\.[a-z_]+)="
    named = set(re.findall(pattern, page.read_text("utf-8")))
    assert named <= set(list_keys(Config))


def test_the_two_commands_are_the_first_shell_blocks_of_the_readme() -> None:
    text = (ROOT / "README.md").read_text("utf-8")
    first, second, *_ = re.findall(r"```shell\n(.*?)```", text, re.DOTALL)
    assert first.startswith("pip install . && python -m lipsync_ray run video=examples/portrait.png ")
    assert second == "pip install -e '.[dev]' && python -m pytest -n 2\n"
    for mark, block in (("dub", first), ("test", second)):
        assert f"<!-- ci: {mark} -->\n```shell\n{block}" in text
