"""Is a file what it was when it was finished, and what does it say of itself?"""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from lipsync_ray.errors import ConfigError, ProvenanceBroken, ProvenanceMissing, VideoUnreadable
from lipsync_ray.folders import private_folder
from lipsync_ray.media.demux import open_demuxer
from lipsync_ray.provenance.beside import SidecarSays, read_sidecar, read_small
from lipsync_ray.provenance.certificates import read_anchors
from lipsync_ray.provenance.development import development_anchors
from lipsync_ray.provenance.outside import outside_hash
from lipsync_ray.provenance.reading import Credentials, read_credentials
from lipsync_ray.provenance.signing import MANIFEST_ENDING, embeds
from lipsync_ray.provenance.wary import shown
from lipsync_ray.storage import files
from lipsync_ray.storage.uri import is_remote, local_path, name_of, suffix_of
from lipsync_ray.storage.whole import content_hash


@dataclass(frozen=True, slots=True, kw_only=True)
class Verdict:
    """A file that is untouched, and what is known of it."""

    file: str
    by: Literal["manifest", "sidecar"]  # what vouches for it: a signature, or a file beside it that has none
    sha256: str
    credentials: Credentials | None
    sidecar: SidecarSays | None
    notes: tuple[str, ...] = ()

    def to_plain(self) -> dict[str, Any]:
        """As JSON."""
        return asdict(self)


def verify(place: str, *, sidecar: str | None = None, trust: str | None = None) -> Verdict:
    """Check a file against the manifest in or beside it, and against its sidecar.

    Args:
        place: a path, or an address in a store, of which a copy is fetched.
        sidecar: the sidecar's place; None: that of the same name ending in .json, if there is one.
        trust: PEM file of authorities that are trusted beside the user's own development certificate.

    Raises:
        ProvenanceBroken: the file was changed since, encoded again, or its manifest was taken off or altered.
        ProvenanceMissing: nothing tells of it.
        VideoUnreadable, ObjectMissing, StorageError, ConfigError, DependencyMissing.
    """
    files.stat(place)  # told before what lies beside it
    anchors = [*development_anchors(), *_anchors(trust)]
    says = read_sidecar(sidecar or _neighbour(place, ".json"), named=sidecar is not None)
    with ExitStack() as stack:
        path = _here(place, stack)
        credentials, troubles = _credentials(path, place, anchors, says)
        sha256 = content_hash(path)
        if credentials is not None:
            _check_outside(path, name_of(place), credentials)
            _check_same(name_of(place), sha256, credentials, says)
            return Verdict(
                file=place,
                by="manifest",
                sha256=sha256,
                credentials=credentials,
                sidecar=says,
                notes=(*credentials.notes, *_other(says, sha256)),
            )
        if says is not None and says.sha256 == sha256:
            _check_unsigned(name_of(place), says)
            return Verdict(
                file=place, by="sidecar", sha256=sha256, credentials=None, sidecar=says, notes=troubles
            )
        raise _nothing(path, place, says)


def _credentials(
    path: Path, place: str, anchors: Sequence[bytes], says: SidecarSays | None
) -> tuple[Credentials | None, tuple[str, ...]]:
    """The manifest of a file, in it or beside it; with what is wrong with one that does not matter."""
    name = name_of(place)
    try:
        found = read_credentials(path, name, anchors)
    except ProvenanceBroken:
        _check_media(path, name)  # what is none was not changed, but is something else
        raise
    if found is not None or embeds(name):
        return found, ()
    beside = read_small(_neighbour(place, MANIFEST_ENDING))
    if beside is None:
        return None, ()
    try:
        return read_credentials(path, name, anchors, beside), ()
    except ProvenanceBroken:
        # One that an earlier output has left: the sidecar knows this one, and that it was not signed.
        if says is not None and says.mode == "off" and says.sha256 == content_hash(path):
            return None, (f"{name_of(_neighbour(place, MANIFEST_ENDING))} belongs to an earlier file",)
        raise


def _nothing(path: Path, place: str, says: SidecarSays | None) -> Exception:
    """What to say of a file that neither a manifest nor a sidecar vouches for."""
    name = name_of(place)
    try:
        _check_media(path, name)
    except VideoUnreadable as error:
        return error
    if says is None:
        return ProvenanceMissing(
            f"{name} says nothing of its origin: it holds no manifest (encoding again takes one off, and so "
            "can anybody), and no sidecar of it is here; sidecar=NAME.json names one"
        )
    held = "its manifest is gone and its" if says.mode == "c2pa" else "its"
    return ProvenanceBroken(
        f"{name} is not the file that {name_of(says.place)} tells of: {held} bytes differ; it was encoded "
        "again, cut or edited since, or it is another file"
    )


def _check_outside(path: Path, name: str, credentials: Credentials) -> None:
    """Hold what the signature leaves out against the hash that a dub of this program tells of it."""
    facts = credentials.facts if credentials.active else None
    if facts is not None and facts.outside is not None and facts.outside != outside_hash(path):
        raise ProvenanceBroken(
            f"{name} was changed after it was signed: its type or room that players skip was altered, or "
            "something was added to it"
        )


def _check_same(name: str, sha256: str, credentials: Credentials, says: SidecarSays | None) -> None:
    """Hold a signed file against what its own sidecar knows of all its bytes: a signature leaves some out."""
    if says is not None and says.manifest == credentials.label and says.sha256 != sha256:
        raise ProvenanceBroken(
            f"{name} was changed after it was signed, where its signature covers nothing: "
            f"{name_of(says.place)} tells of the same manifest and of other bytes"
        )


def _check_unsigned(name: str, says: SidecarSays) -> None:
    """Refuse a file that only its sidecar vouches for, though that says that the file was signed."""
    if says.mode == "c2pa" and embeds(name):
        raise ProvenanceBroken(
            f"{name} holds no manifest, and {name_of(says.place)} says that it was signed: "
            "the manifest was taken off"
        )


def _check_media(path: Path, name: str) -> None:
    """Raises VideoUnreadable: it is neither a picture nor a sound, so that nothing can be said of it."""
    import av.error

    try:
        with open_demuxer(path) as container:
            if container.streams.video or container.streams.audio:
                return
    except (av.error.FFmpegError, OSError, ValueError) as error:
        raise VideoUnreadable(f"{name} cannot be opened as a video: {error}") from error
    raise VideoUnreadable(f"{name} holds neither a picture nor a sound")


def _other(says: SidecarSays | None, sha256: str) -> tuple[str, ...]:
    if says is None or says.sha256 == sha256:
        return ()
    return (f"{name_of(says.place)} tells of another file (other SHA-256, other manifest)",)


def _neighbour(place: str, ending: str) -> str:
    return place.removesuffix(suffix_of(place)) + ending


def _here(place: str, stack: ExitStack) -> Path:
    if not is_remote(place):
        return local_path(place)
    path = stack.enter_context(private_folder()) / f"copy{suffix_of(place)}"
    files.download(place, path)
    return path


def _anchors(trust: str | None) -> list[bytes]:
    if trust is None:
        return []
    try:
        return read_anchors(read_small(trust) or b"")
    except (ValueError, ProvenanceBroken) as error:
        raise ConfigError(f"trust={trust} is no PEM file of certificates: {shown(error)}") from error
