"""The dubs of a batch that a person should look at, the gravest first, as a page that links their reports."""

from __future__ import annotations

import os
from html import escape
from urllib.parse import quote

from lipsync_ray.batch.summary import Doubt, Summary
from lipsync_ray.storage.uri import is_remote, local_path

NAME = "review.html"
_STYLE = """:root { color-scheme: light dark; } body { font: 15px/1.5 system-ui, sans-serif;
margin: 2rem auto; max-width: 60rem; padding: 0 1rem; }
table { border-collapse: collapse; } td, th { text-align: left;
padding: .25rem 1rem .25rem 0; border-bottom: 1px solid #8886; }"""


def review_page(summary: Summary, out_dir: str) -> str:
    """The page as HTML; links are relative to ``out_dir``, where it is meant to lie."""
    done = summary.states["done"]
    head = f"{len(summary.review)} of {done} finished dubs are flagged, the gravest first."
    rows = "".join(_row(doubt, out_dir) for doubt in summary.review)
    table = f"<table><tr><th>job</th><th>concern</th><th>flags</th></tr>{rows}</table>" if rows else ""
    return (
        '<!doctype html><html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>Dubs to look at</title><style>{_STYLE}</style></head>"
        f"<body><h1>Dubs to look at</h1><p>{head}</p>{table}</body></html>\n"
    )


def _row(doubt: Doubt, out_dir: str) -> str:
    link = escape(_link(doubt.report, out_dir), quote=True)
    return (
        f'<tr><td><a href="{link}">{escape(doubt.id)}</a></td><td>{doubt.concern:.2f}</td>'
        f"<td>{escape(', '.join(doubt.flags))}</td></tr>"
    )


def _link(report: str, out_dir: str) -> str:
    if is_remote(report) or is_remote(out_dir):
        inside = report.startswith(out_dir.rstrip("/") + "/")
        return quote(report[len(out_dir.rstrip("/")) + 1 :]) if inside else report
    return quote(os.path.relpath(local_path(report), local_path(out_dir)))
