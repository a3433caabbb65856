"""What is said when a weight file may not be used, is the wrong one or cannot be had, and the way out."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from lipsync_ray.errors import LicenseRefused, WeightsCorrupt, WeightsMissing
from lipsync_ray.weights.checked import Checks
from lipsync_ray.weights.entry import HttpsSource, WeightEntry
from lipsync_ray.weights.registry import Registry


def license_refused(entry: WeightEntry, registry: Registry) -> LicenseRefused:
    """``license.policy=commercial`` and this file's terms do not go together."""
    terms = "forbid it" if entry.commercial == "no" else "do not settle it"
    allowed = [other.name for other in registry.entries.values() if other.commercial == "yes"]
    instead = f"allowed are {', '.join(allowed)}" if allowed else "no known file is allowed"
    return LicenseRefused(
        f"license.policy=commercial, and the terms of {entry.name} ({entry.file}, {entry.licence}) {terms}; "
        f"{instead}: choose what needs only those, such as engine=unit_selection, or license.policy=any"
    )


def missing(entry: WeightEntry, reason: str) -> WeightsMissing:
    """The file is absent and cannot be fetched, for this reason."""
    text = f"{entry.name} ({entry.file}): {reason}"
    facts = [f"SHA-256 {entry.sha256[:12]}…"] if entry.sha256 else []
    facts += [f"published at {entry.page}"] if entry.page else []
    file = f"{entry.file} ({', '.join(facts)})" if facts else entry.file
    if not entry.sources:
        return WeightsMissing(
            f"{text}; its authors publish it at {where(entry)}: "
            "put it into a folder and set weights.dir=FOLDER"
        )
    return WeightsMissing(
        f"{text}; put {file} into a folder and set weights.dir=FOLDER, "
        f"or run `lipsync_ray weights pull {entry.name}` where there is a network"
    )


def of_many(
    failed: Mapping[str, WeightsMissing | WeightsCorrupt], wanted: int, registry: Registry
) -> WeightsMissing | WeightsCorrupt:
    """One error for all files that could not be had, when ``wanted`` were asked for."""
    errors = list(failed.values())
    if len(errors) == 1:
        return errors[0]
    absent = [name for name, error in failed.items() if isinstance(error, WeightsMissing)]
    wrong = [str(error) for error in errors if isinstance(error, WeightsCorrupt)]
    if not absent:
        return WeightsCorrupt("; ".join(wrong))
    files = [f"{name} ({entry.file}, {where(entry)})" for name in absent for entry in registry.bundle(name)]
    first = " ".join(str(failed[absent[0]]).split("; ")[0].split())
    return WeightsMissing(
        f"{len(absent)} of {wanted} files cannot be fetched: {', '.join(files)}; get them where their "
        f"authors publish them, put them into a folder and set weights.dir=FOLDER; the first failed: {first}"
        + "".join(f"; {text}" for text in wrong)
    )


def where(entry: WeightEntry) -> str:
    """The address at which a person finds the file."""
    return entry.page or next(
        (source.url for source in entry.sources if isinstance(source, HttpsSource)), "an unknown place"
    )


def corrupt(
    path: Path,
    entry: WeightEntry,
    checks: Checks,
    registry: Registry,
    *,
    own: bool = False,
    origin: str | None = None,
) -> WeightsCorrupt:
    """The file at ``path`` is not the published or the pinned one.

    ``own``: it is in the user's folder; ``origin``: where it came from, if it will not stay at ``path``.
    """
    size, digest, expected = path.stat().st_size, checks.digest(path), checks.expected(entry)
    what = f"what came from {origin}" if origin else str(path)
    if entry.sha256 is None and expected is not None:
        return WeightsCorrupt(
            f"{what} for {entry.name} is not the file that was pinned on first use: it has SHA-256 {digest}, "
            f"pinned is {expected}; if the change is meant, delete {checks.pin_path(entry)}"
        )
    if entry.size is not None and size != entry.size:
        found = f"{size} bytes of {entry.size}"
    else:
        found = f"SHA-256 {digest}, published is {expected}"
    other = next((e for e in registry.entries.values() if e.sha256 == digest), None)
    also = f" (it is {other.name}, {other.file})" if other else ""
    mend = (
        "move it away, point weights.dir elsewhere, or take it as it is with weights.verify=false"
        if own
        else "point weights.dir at a folder that has the published one"
        if origin
        else "delete it, or point weights.dir at a folder that has the published one"
    )
    return WeightsCorrupt(f"{what} for {entry.name} is not the published file: {found}{also}; {mend}")
