"""What is known of a checked file, for people: one page."""

from __future__ import annotations

from collections.abc import Iterator

from lipsync_ray.provenance.beside import SidecarSays
from lipsync_ray.provenance.certificates import ORGANISATION
from lipsync_ray.provenance.facts import DubFacts
from lipsync_ray.provenance.intervals import spoken, total
from lipsync_ray.provenance.reading import Credentials
from lipsync_ray.provenance.verify import Verdict

_WIDE = 12
_USES = {"source": "source", "speech": "sound", "drive": "mouth after"}


def page(verdict: Verdict) -> str:
    """The page; it ends without a line break."""
    lines = [verdict.file, ""]
    credentials, says = verdict.credentials, verdict.sidecar
    if credentials is not None:
        lines += ["Untouched since it was signed.", *_rows(_signed(credentials))]
    elif says is not None:
        lines += [
            "The bytes are those that the sidecar tells of. Nobody has signed that: who can write the file",
            "can write the sidecar.",
            *_rows(_unsigned(says)),
        ]
    lines += [f"Note: {note}" for note in verdict.notes]
    return "\n".join(lines)


def _rows(rows: Iterator[tuple[str, str]]) -> Iterator[str]:
    for name, text in rows:
        yield f"  {name:<{_WIDE}}{text}"


def _signed(found: Credentials) -> Iterator[tuple[str, str]]:
    if found.facts is not None:
        if not found.active:
            yield "edited", "of a file that this one was made from, by lipsync_ray:"
        yield from _dub(found.facts)
    else:
        yield "dub", "its manifest tells of no dub by lipsync_ray"
    if found.facts is None or not found.active:
        yield "made by", found.generator
        yield "actions", ", ".join(found.actions) or "none told"
    if found.ingredients:
        yield "made from", ", ".join(found.ingredients)
    by = "a time stamp authority" if found.stamped else "the clock of whoever signed"
    yield "when", f"{found.when} (by {by})" if found.when else "not told"
    yield "signed by", found.signer
    yield "", _trust(found)
    yield "manifest", found.label + (f", and {found.manifests - 1} of its sources" * (found.manifests > 1))


def _trust(found: Credentials) -> str:
    if ORGANISATION in found.signer:
        here = "made on this machine" if found.trusted else "from elsewhere"
        text = f"a development certificate, {here}: it proves nobody's identity"
    elif found.trusted:
        text = "an authority that you trust has issued the certificate"
    else:
        text = "who that is, is not proven: the issuer is not among those you trust (trust=CA.pem)"
    return text + ("; the certificate has expired since" if found.expired else "")


def _dub(facts: DubFacts) -> Iterator[tuple[str, str]]:
    yield "edited", f"{spoken(facts.edited)} ({total(facts.edited):.2f} s in all): mouths, by a machine"
    joined = f"; gaps of up to {facts.widest_gap} frames are told as edited" if facts.widest_gap else ""
    yield "", f"{facts.edited_frames} of {facts.frames} frames{joined}"
    for name, own in facts.speakers.items():
        yield "", f"{name}: {spoken(own)}"
    for name, own in facts.engines.items():
        yield "", f"by engine {name}: {spoken(own)}"
    left = ", ".join(f"{reason} {count}" for reason, count in facts.passed_through.items() if count)
    if left:
        yield "left alone", f"{left} (frames)"
    yield "by", f"lipsync_ray {facts.version} (code {facts.code}), engine {facts.engine}"
    for name, sha256 in facts.weights.items():
        yield "weights", f"{name} {sha256}"
    for file in facts.files:
        yield _USES.get(file.use, file.use), f"SHA-256 {file.sha256} {file.name}"
    if facts.more_files:
        yield "", f"and {facts.more_files} more files"
    if facts.audio_sha256 not in {file.sha256 for file in facts.files}:
        yield "sound", f"SHA-256 {facts.audio_sha256} put together from these"
    yield "consent", facts.consent or "none is named"
    yield "mark", f"'{facts.visible_mark}' is seen in the picture" if facts.visible_mark else "none is seen"


def _unsigned(says: SidecarSays) -> Iterator[tuple[str, str]]:
    yield "edited", f"{spoken(says.edited)}: mouths, by a machine"
    for name, own in says.engines.items():
        yield "", f"by engine {name}: {spoken(own)}"
    yield "by", f"lipsync_ray {says.version}, engine {says.engine}"
    yield "signed", "no (provenance=off)" if says.mode == "off" else "its manifest is not here any more"
    yield "consent", says.consent or "none is named"
    yield "mark", f"'{says.visible_mark}' is seen in the picture" if says.visible_mark else "none is seen"
