"""A review as lines for a terminal."""

from __future__ import annotations

from typing import Any

from lipsync_ray.quality.review import Review, RoleReview


def page(review: Review) -> str:
    """Figures, then flags, for each role."""
    several = len(review.roles) > 1
    return "\n\n".join(f"{role.name}\n{_role(role)}" if several else _role(role) for role in review.roles)


def _role(review: RoleReview) -> str:
    figures = review.figures.to_plain()
    sync, passed = figures.pop("sync"), figures.pop("passed_through")
    closed = f"{sync.pop('hits')} of {sync.pop('closed')}"
    rows: dict[str, Any] = {**{f"sync {name}": value for name, value in sync.items()}, "closures": closed}
    rows |= figures | {"passed through": _counts(passed)}
    lines = [
        f"{name.replace('_', ' '):<18} {'-' if value is None else value}" for name, value in rows.items()
    ]
    lines += [
        f"flag: {flag.kind}, frames {flag.start} to {flag.stop - 1}: {flag.text}" for flag in review.flags
    ]
    return "\n".join(lines if review.flags else [*lines, "nothing is flagged"])


def _counts(counts: dict[str, int]) -> str:
    return ", ".join(f"{name} {count}" for name, count in counts.items() if count) or "none"
