"""Plain text for people: aligned columns and readable times."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence


def columns(rows: Sequence[Sequence[str]], *, most: int | None = None) -> str:
    """Rows with their cells below each other, two spaces apart.

    Args:
        rows: the first may be a header.
        most: rows that are shown below the header; what is left out is said.
    """
    shown = rows if most is None else rows[: most + 1]
    widths = [max(width(row[column]) for row in shown) for column in range(len(shown[0]) - 1)]
    lines = [
        "  ".join(cell + " " * (wide - width(cell)) for cell, wide in zip(row, [*widths, 0], strict=True))
        for row in shown
    ]
    left = len(rows) - len(shown)
    return "\n".join([*(line.rstrip() for line in lines), *([f"and {left} more"] if left else [])])


def width(text: str) -> int:
    """Columns of a terminal that a text takes: East Asian letters take two, marks on letters none."""
    return sum(
        0 if unicodedata.combining(char) else 2 if unicodedata.east_asian_width(char) in "WF" else 1
        for char in text
    )


def duration(seconds: float) -> str:
    """A length of time: ``4.2 s``, ``3 min 05 s``, ``2 h 05 min``."""
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < 3600:
        return f"{whole // 60} min {whole % 60:02d} s"
    return f"{whole // 3600} h {whole % 3600 // 60:02d} min"
