"""The page that people see at /."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from starlette.responses import Response
from starlette.staticfiles import StaticFiles


def page_dir() -> Path:
    """Folder of the page's files, inside the package."""
    return Path(__file__).parent / "page"


class PageFiles(StaticFiles):
    """Files that a browser keeps, and asks each time whether they are still the same."""

    def file_response(self, *args: Any, **kwargs: Any) -> Response:
        """The file, or that it has not changed."""
        answer = super().file_response(*args, **kwargs)
        answer.headers["cache-control"] = "no-cache"
        return answer


def page_files() -> StaticFiles:
    """The application that serves them."""
    return PageFiles(directory=page_dir(), html=True)
