"""Signing a finished file: its manifest goes into it, or beside it where the container has no room."""

from __future__ import annotations

import io
import os
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lipsync_ray.errors import SigningFailed
from lipsync_ray.provenance.identity import Identity
from lipsync_ray.provenance.library import c2pa_library, open_context
from lipsync_ray.provenance.watched import Watched

MANIFEST_ENDING = ".c2pa"  # of a manifest beside its file, as the standard names it

_INSIDE = {".mp4": "video/mp4", ".mov": "video/quicktime", ".png": "image/png"}
# Formats of which the library reads a manifest that is there already; of others it takes the hash.
_TELLING = {
    **_INSIDE,
    ".m4v": "video/mp4",
    ".avi": "video/avi",
    ".m4a": "audio/mp4",
    ".mp3": "audio/mpeg",
    ".wav": "audio/wav",
    ".flac": "audio/flac",
    ".jpg": "image/jpeg",
    ".jpeg": "image/jpeg",
    ".webp": "image/webp",
    ".avif": "image/avif",
    ".heic": "image/heic",
    ".tif": "image/tiff",
    ".tiff": "image/tiff",
}
_OTHER = "application/octet-stream"


@dataclass(frozen=True, slots=True, kw_only=True)
class Ingredient:
    """A file that an output was made from."""

    label: str  # by which actions of the manifest name it
    title: str  # name of the file, without folders
    relationship: str  # parentOf or componentOf
    sha256: str
    path: Path | None  # where this process reads it; None: only its hash is told


@dataclass(frozen=True, slots=True, kw_only=True)
class Sealed:
    """What signing has made."""

    label: str  # of the manifest
    beside: bytes | None  # the manifest, where it is not in the file


def embeds(name: str) -> bool:
    """Whether a file of this name holds its manifest itself."""
    return Path(name).suffix.lower() in _INSIDE


def format_of(name: str) -> str:
    """The MIME type by which the library knows a file."""
    return _TELLING.get(Path(name).suffix.lower(), _OTHER)


def seal(
    raw: Path, out: Path, manifest: dict[str, Any], ingredients: Sequence[Ingredient], identity: Identity
) -> Sealed:
    """Write the signed copy of ``raw`` to ``out``.

    Args:
        raw: a finished file.
        out: a path of the same ending.
        manifest: the definition, see ``manifest.definition``.
        ingredients: files that it names.
        identity: who signs.

    Raises:
        SigningFailed: the library refuses.
        OSError: a file cannot be read or written.
    """
    library = c2pa_library()
    inside = embeds(out.name)
    with raw.open("rb") as read, out.open("w+b") as written:
        source, target = Watched(read), Watched(written)
        try:
            data = _sign(identity, manifest, ingredients, format_of(out.name), inside, source, target)
        except library.C2paError as error:
            if trouble := target.trouble or source.trouble:
                raise trouble from error
            raise SigningFailed(
                f"{manifest['title']} cannot be signed: {_with_room(_line(error))}"
            ) from error
    return Sealed(label=manifest["label"], beside=None if inside else data)


def _with_room(line: str) -> str:
    """The library's words. Where no file of ours failed, it was the copy that it makes elsewhere."""
    place = os.environ.get("TMPDIR") or "/tmp"  # nosec B108: as Rust finds it, only told
    return f"{line}; it needs room for a copy in {place} (TMPDIR)" if line.startswith("Io:") else line


def try_signing(identity: Identity) -> str:
    """Sign a byte, without asking a time stamp authority: why that does not work, or nothing."""
    library = c2pa_library()
    manifest = {"claim_generator_info": [{"name": "lipsync_ray"}], "title": "trial", "assertions": [_CREATED]}
    try:
        _sign(identity, manifest, (), _OTHER, False, io.BytesIO(b"?"), io.BytesIO(), stamped=False)
    except library.C2paError as error:
        return _line(error)
    return ""


_CREATED = {
    "label": "c2pa.actions.v2",
    "data": {
        "actions": [
            {
                "action": "c2pa.created",
                "digitalSourceType": "http://cv.iptc.org/newscodes/digitalsourcetype/algorithmicMedia",
            }
        ]
    },
}


def _sign(
    identity: Identity,
    manifest: dict[str, Any],
    ingredients: Sequence[Ingredient],
    mime: str,
    inside: bool,
    source: Any,
    target: Any,
    *,
    stamped: bool = True,
) -> bytes:
    library = c2pa_library()
    url = identity.timestamp_url if stamped else None
    with ExitStack() as stack:
        context = stack.enter_context(open_context())
        builder = stack.enter_context(library.Builder(manifest, context=context))
        for ingredient in ingredients:
            _add(builder, ingredient)
        if not inside:
            builder.set_no_embed()
        info = library.C2paSignerInfo(identity.algorithm, identity.chain, identity.key, url)
        signer = stack.enter_context(library.Signer.from_info(info))
        return builder.sign(signer, mime, source, target)


def _add(builder: Any, ingredient: Ingredient) -> None:
    """Tell of an ingredient, with the manifest that it has; one that cannot be read is told by hash."""
    told = {
        "title": ingredient.title,
        "relationship": ingredient.relationship,
        "label": ingredient.label,
        "description": f"SHA-256 {ingredient.sha256}",
    }
    mime = _OTHER if ingredient.path is None else format_of(ingredient.path.name)
    if ingredient.path is not None and mime != _OTHER:
        try:
            with ingredient.path.open("rb") as file:
                builder.add_ingredient(told, mime, file)
            return
        except c2pa_library().C2paError:
            pass  # not what its name says, or damaged
    builder.add_ingredient(told, _OTHER, io.BytesIO(b""))


def _line(error: Exception) -> str:
    return " ".join(str(error).split())[:300] or type(error).__name__
