"""What `mkdocs` needs besides docs/: pages that live beside the code, and links that fit the site.

Links are written for the folders of the project, where code hosts and editors follow them. On the site a
page of docs/ has lost that folder, and README.md is the start. What a page links to comes along: Markdown as
a page, any other file as it is. A link to a folder becomes plain text, as a site has none to show.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

from mkdocs.structure.files import File, Files

_LINK = re.compile(r"(!?)\[([^\]]*)\]\(([^)\s#]*)(#[^)\s]*)?\)")
_START = "README.md"


def on_files(files: Files, config: Any) -> Files:
    """Add every file of the project that a page links to, and the pages that those link to."""
    root = _root(config)
    waiting = [_START, *(f"docs/{page.src_uri}" for page in files.documentation_pages())]
    known = {f"docs/{file.src_uri}" for file in files}
    while waiting:
        page = waiting.pop()
        found = [page, *_linked(root, page)] if page == _START else _linked(root, page)
        for name in (name for name in found if name not in known and (root / name).is_file()):
            known.add(name)
            files.append(File.generated(config, place_of(name), abs_src_path=str(root / name)))
            waiting += [name] if name.endswith(".md") else []
    return files


def on_page_markdown(markdown: str, page: Any, config: Any, files: Files) -> str:
    """Rewrite the links of one page."""
    root, name = _root(config), name_of(page.file.src_uri)

    def fitted(match: re.Match[str]) -> str:
        mark, text, target, anchor = match.group(1, 2, 3, 4)
        if not target or "://" in target:
            return match.group()
        path = _resolved(name, target)
        if not (root / path).is_file():
            return text if (root / path).is_dir() else match.group()  # mkdocs tells what is missing
        place = posixpath.relpath(place_of(path), posixpath.dirname(page.file.src_uri) or ".")
        return f"{mark}[{text}]({place}{anchor or ''})"

    return _LINK.sub(fitted, markdown)


def place_of(name: str) -> str:
    """Where a file of the project is on the site, before it is rendered."""
    return "index.md" if name == _START else name.removeprefix("docs/")


def name_of(place: str) -> str:
    """The file of the project that is at this place of the site: what docs/ lacks comes from the root."""
    if place == "index.md":
        return _START
    here = Path(__file__).resolve().parent
    return f"docs/{place}" if (here / place).is_file() else place


def _root(config: Any) -> Path:
    return Path(config.config_file_path).resolve().parent


def _linked(root: Path, page: str) -> list[str]:
    text = (root / page).read_text("utf-8")
    targets = (match.group(3) for match in _LINK.finditer(text))
    return [_resolved(page, target) for target in targets if target and "://" not in target]


def _resolved(page: str, target: str) -> str:
    return posixpath.normpath(posixpath.join(posixpath.dirname(page), target))
