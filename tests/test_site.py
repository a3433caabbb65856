"""The documentation as a site: it builds without a warning, and every link in it leads somewhere."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.built_site import broken, read

ROOT = Path(__file__).resolve().parent.parent
BESIDE_DOCS = ["README.md", "CHANGELOG.md", "CONTRIBUTING.md", "benchmarks/README.md", "cluster/README.md"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The site; ``--strict`` makes a warning an error, which ``--quiet`` would hide from it."""
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert "WARNING" not in done.stderr
    return folder


def test_every_link_and_anchor_leads_somewhere(site: Path) -> None:
    assert list(broken(site)) == []


def test_every_page_of_the_project_is_there(site: Path) -> None:
    pages = [f"docs/{path.name}" for path in (ROOT / "docs").glob("*.md")] + BESIDE_DOCS
    for page in pages:
        place = page.removeprefix("docs/").replace("README.md", "index.md").replace(".md", ".html")
        assert (site / place).is_file(), page


def test_pages_load_nothing_from_elsewhere(site: Path) -> None:
    loaded = {link for path in site.rglob("*.html") for link in read(path).loaded}
    assert loaded
    assert not {link for link in loaded if "//" in link}


def test_what_is_broken_is_found(tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(
        '<a href="b.html#there">b</a><a href="b.html#gone">b</a><img src="c.png">'
    )
    (tmp_path / "b.html").write_text('<p id="there"></p><a href="https://example.org/x">elsewhere</a>')
    found = list(broken(tmp_path))
    assert found == ["a.html -> b.html#gone: no such anchor", "a.html -> c.png: no such file"]
