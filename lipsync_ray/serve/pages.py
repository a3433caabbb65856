"""The page that people see at /."""

from __future__ import annotations

from pathlib import Path

from starlette.staticfiles import StaticFiles


def page_dir() -> Path:
    """Folder of the page's files, inside the package."""
    return Path(__file__).parent / "page"


def page_files() -> StaticFiles:
    """The application that serves them."""
    return StaticFiles(directory=page_dir(), html=True)
