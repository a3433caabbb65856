"""The C2PA manifest of a dub, as the library takes its definition."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from lipsync_ray.provenance.facts import LABEL, DubFacts, fitting
from lipsync_ray.provenance.intervals import Interval
from lipsync_ray.provenance.signing import Ingredient
from lipsync_ray.storage.uri import plain_text

# IPTC's term for a recording into which a trained model has drawn.
EDITED_BY_AI = "http://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia"
PARENT, HEARD, FOLLOWED = "parentOf", "componentOf", "inputTo"  # relationships of the ingredients
MOST_CHANGES = 500  # stretches that other programs are told too; the project's own assertion has all


def definition(
    facts: DubFacts,
    title: str,
    mime: str,
    ingredients: Sequence[Ingredient],
    now: datetime | None = None,
) -> dict[str, Any]:
    """The manifest of a dub with a name of its own, without its ingredients.

    Args:
        facts: of the dub.
        title: name of the output, without folders.
        mime: its format.
        ingredients: that it will hold.
        now: when it is made.
    """
    agent = {"name": "lipsync_ray", "version": facts.version}
    when = (now or datetime.now(UTC)).strftime("%Y-%m-%dT%H:%M:%SZ")

    def action(name: str, relationship: str) -> dict[str, Any]:
        labels = [one.label for one in ingredients if one.relationship == relationship]
        return {"action": name, "when": when, **({"parameters": {"ingredientIds": labels}} if labels else {})}

    actions = [action("c2pa.opened", PARENT), action("c2pa.placed", HEARD)]
    if facts.edited:
        actions.append(
            {
                **action("c2pa.edited", FOLLOWED),
                "softwareAgent": agent,
                "digitalSourceType": EDITED_BY_AI,
                "description": "The mouths of people were changed to say the words of another sound.",
                **_changes(facts.edited),
            }
        )
    return {
        "label": f"urn:c2pa:{uuid.uuid4()}",
        "title": plain_text(title),
        "format": mime,
        "claim_generator_info": [agent],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": actions}},
            {"label": LABEL, "data": fitting(facts).to_plain()},
        ],
    }


def _changes(edited: Sequence[Interval]) -> dict[str, Any]:
    """Stretches of time as the standard's regions of interest; nothing where there are too many."""
    if len(edited) > MOST_CHANGES:
        return {}
    times = [{"type": "npt", "start": str(one.begin), "end": str(one.end)} for one in edited]
    return {"changes": [{"region": [{"type": "temporal", "time": time}]} for time in times]}
