"""Reading the manifest of a file, and what the library finds when it checks the two."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lipsync_ray.errors import ProvenanceBroken
from lipsync_ray.provenance.facts import LABEL, DubFacts, read_facts
from lipsync_ray.provenance.library import c2pa_library, open_context
from lipsync_ray.provenance.signing import format_of
from lipsync_ray.provenance.wary import mapping, mappings, shown

# Findings that say nothing about the file itself: who signed is not known here, or was known once.
_UNTRUSTED, _EXPIRED = "signingCredential.untrusted", "signingCredential.expired"
_WHOLE = ("assertion.bmffHash.match", "assertion.dataHash.match", "assertion.boxesHash.match")
_MISMATCH = ("assertion.bmffHash.mismatch", "assertion.dataHash.mismatch", "assertion.boxesHash.mismatch")


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """A file's active manifest, and what was found when it was checked."""

    label: str
    title: str
    generator: str  # what made it, such as lipsync_ray 0.1.0
    actions: tuple[str, ...]
    when: str  # of the edit or the signature, as the manifest tells; empty: it does not
    signer: str
    trusted: bool  # an anchor has issued the signer's certificate
    expired: bool  # since, and nothing proves that it was valid when it signed
    stamped: bool  # a time stamp authority vouches for the time
    ingredients: tuple[str, ...]
    manifests: int  # with those of ingredients
    facts: DubFacts | None  # None: it tells of no dub of this program
    active: bool  # the facts are its own, and not of a file that it was made from
    notes: tuple[str, ...] = ()


def read_credentials(
    path: Path, name: str, anchors: Sequence[bytes], beside: bytes | None = None
) -> Credentials | None:
    """The checked manifest of a file; None where there is none.

    Args:
        path: the file.
        name: of it, for messages.
        anchors: PEM of those whose certificates are trusted.
        beside: a manifest that lies beside the file.

    Raises:
        ProvenanceBroken: the file was changed since it was signed, or its manifest was.
    """
    library = c2pa_library()
    try:
        with open_context(anchors) as context, path.open("rb") as file:
            with library.Reader(format_of(name), file, beside, context=context) as reader:
                found = json.loads(reader.json())
    except library.C2paError.ManifestNotFound:
        return None
    except (library.C2paError, ValueError, RecursionError) as error:
        if beside is None and isinstance(error, library.C2paError.NotSupported):
            return None
        raise ProvenanceBroken(f"{name}: its manifest cannot be read: {shown(error)}") from error
    return _checked(mapping(found), name)


def _checked(found: dict[str, Any], name: str) -> Credentials:
    results = mapping(mapping(found.get("validation_results")).get("activeManifest"))
    passed, failed = _codes(results.get("success")), _codes(results.get("failure"))
    problems = {**_codes(found.get("validation_status")), **failed}
    serious = {code: text for code, text in problems.items() if code not in (_UNTRUSTED, _EXPIRED)}
    if any(code in serious for code in _MISMATCH):
        raise ProvenanceBroken(
            f"{name} was changed after it was signed: its bytes are not those that its manifest tells of"
        )
    if serious or "claimSignature.validated" not in passed or not any(code in passed for code in _WHOLE):
        code, text = next(iter(serious.items()), ("", "its signature could not be checked"))
        raise ProvenanceBroken(f"{name}: its manifest does not hold: {shown(code)} {shown(text)}".rstrip())
    manifests = mapping(found.get("manifests"))
    label = str(found.get("active_manifest"))
    active = mapping(manifests.get(label))
    facts, own, notes = _facts(active, [mapping(one) for key, one in manifests.items() if key != label])
    signature = mapping(active.get("signature_info"))
    return Credentials(
        label=shown(label),
        title=shown(active.get("title", "")),
        generator=_generator(active),
        actions=tuple(shown(one.get("action")) for one in _actions(active))[:20],
        when=_when(active, signature),
        signer=_signer(signature),
        trusted="signingCredential.trusted" in passed,
        expired=_EXPIRED in problems,
        stamped=bool(signature.get("time")),
        ingredients=tuple(shown(one.get("title")) for one in mappings(active.get("ingredients")))[:20],
        manifests=len(manifests),
        facts=facts,
        active=own,
        notes=(*notes, *_broken_ingredients(active)),
    )


def _codes(value: object) -> dict[str, str]:
    return {str(one.get("code")): str(one.get("explanation", "")) for one in mappings(value)}


def _facts(
    active: dict[str, Any], others: Sequence[dict[str, Any]]
) -> tuple[DubFacts | None, bool, tuple[str, ...]]:
    """What is told of a dub, by the manifest itself or by one of a file that it was made from."""
    for manifest, own in ((active, True), *((one, False) for one in others)):
        for assertion in mappings(manifest.get("assertions")):
            if assertion.get("label") == LABEL:
                try:
                    return read_facts(assertion.get("data")), own, ()
                except ValueError as error:
                    return None, own, (f"what it tells of a dub cannot be read: {error}",)
    return None, False, ()


def _broken_ingredients(active: dict[str, Any]) -> tuple[str, ...]:
    """What signing has found of sources whose own manifests do not hold: it takes them as they are."""
    notes = []
    for ingredient in mappings(active.get("ingredients"))[:20]:
        results = mapping(mapping(ingredient.get("validation_results")).get("activeManifest"))
        failed = {**_codes(ingredient.get("validation_status")), **_codes(results.get("failure"))}
        serious = [code for code in failed if code not in (_UNTRUSTED, _EXPIRED)]
        if serious:
            notes.append(
                f"{shown(ingredient.get('title'))}, which it was made from, had a manifest that did not hold "
                f"({shown(', '.join(serious))})"
            )
    return tuple(notes)


def _actions(manifest: dict[str, Any]) -> list[dict[str, Any]]:
    lists = [
        mapping(one.get("data")).get("actions")
        for one in mappings(manifest.get("assertions"))
        if str(one.get("label")).startswith("c2pa.actions")
    ]
    return [action for actions in lists for action in mappings(actions)]


def _generator(manifest: dict[str, Any]) -> str:
    told = mappings(manifest.get("claim_generator_info"))
    if told:
        return shown(f"{told[0].get('name', '')} {told[0].get('version', '')}".strip())
    return shown(manifest.get("claim_generator", "unknown"))


def _when(manifest: dict[str, Any], signature: dict[str, Any]) -> str:
    if signature.get("time"):
        return shown(signature["time"])
    return next((shown(one["when"]) for one in reversed(_actions(manifest)) if one.get("when")), "")


def _signer(signature: dict[str, Any]) -> str:
    parts = [signature.get("common_name"), signature.get("issuer")]
    return ", ".join(shown(part) for part in parts if part) or "unknown"
