"""The C2PA manifest of a dub, as the library takes its definition."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lipsync_ray.provenance.facts import LABEL, DubFacts
from lipsync_ray.provenance.intervals import Interval

# IPTC's term for a recording into which a trained model has drawn.
EDITED_BY_AI = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
SOURCE, SPEECH = "source", "speech"  # labels of the ingredients


def definition(facts: DubFacts, title: str, mime: str, now: datetime | None = None) -> dict[str, Any]:
    """The manifest of a dub with a name of its own, without its ingredients.

    Args:
        facts: of the dub.
        title: name of the output, without folders.
        mime: its format.
        now: when it is made.
    """
    agent = {"name": "lipsync_ray", "version": facts.version}
    actions = [
        {"action": "c2pa.opened", "parameters": {"ingredientIds": [SOURCE]}},
        {"action": "c2pa.placed", "parameters": {"ingredientIds": [SPEECH]}},
        {
            "action": "c2pa.edited",
            "when": (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ"),
            "softwareAgent": agent,
            "digitalSourceType": EDITED_BY_AI,
            "description": "The mouths of people were changed to say the words of another sound.",
            "changes": _changes(facts.edited),
        },
    ]
    return {
        "label": f"urn:c2pa:{uuid.uuid4()}",
        "title": title,
        "format": mime,
        "claim_generator_info": [agent],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": LABEL, "data": facts.to_plain()},
        ],
    }


def _changes(edited: Sequence[Interval]) -> list[dict[str, Any]]:
    """Stretches of time as the standard's regions of interest."""
    return [
        {
            "region": [
                {"type": "temporal", "time": {"type": "npt", "start": str(one.begin), "end": str(one.end)}}
            ]
        }
        for one in edited
    ]
