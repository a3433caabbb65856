"""All targets by name."""

from __future__ import annotations

from tests.fuzz import credentials, media, requests, texts
from tests.fuzz.target import Target

TARGETS: dict[str, Target] = {
    target.name: target for part in (media, texts, credentials, requests) for target in part.TARGETS
}
