"""What is known of the frames of a job before they are seen, for those who measure them."""

from __future__ import annotations

import numpy as np

from lipsync_ray.compositing import RenderJob, drawn_frames
from lipsync_ray.media.frame import Box
from lipsync_ray.media.reader import open_reader
from lipsync_ray.quality.pictures import spread
from lipsync_ray.quality.source_notes import Known, SourceNotes, Witness
from lipsync_ray.role import Role
from lipsync_ray.threads import Prefetch, ahead_of, decoder_share


def known_of(job: RenderJob, start: int, stop: int) -> Known | None:
    """Of the output frames ``[start, stop)``; None in a job that is not measured."""
    references = [role.reference for role in job.roles]
    found = tuple(reference for reference in references if reference is not None)
    if len(found) < len(references):
        return None
    numbers = np.arange(start, stop)
    source, shots = job.timeline.source[numbers], job.shots(numbers).tolist()
    faces = [job.scan.landmarks(source, role.target.face[source]) for role in job.roles]
    return Known(
        start=start,
        faces=np.stack(faces, axis=1),
        references=found,
        boxes=tuple(job.box(shot) for shot in shots),
        shown=tuple(_shown(job, role, numbers) for role in job.roles),
        mark=job.mark,
    )


def witness_of(job: RenderJob, start: int, stop: int) -> Witness | None:
    """Who is to see the source's frames as output frames ``[start, stop)`` are drawn; None: nobody."""
    known = known_of(job, start, stop)
    return None if known is None else Witness(known)


def decoded_notes(job: RenderJob, known: Known) -> SourceNotes:
    """What nobody has seen: the source's frames are decoded for it."""
    witness = Witness(known)
    source = job.timeline.source[known.start : known.start + len(known)]
    share, ahead = decoder_share(job.threads), ahead_of(job.threads)
    with (
        open_reader(job.table, backend=job.reader, threads=share) as own,
        Prefetch(own.frames(source), ahead) as frames,
    ):
        for frame in frames:
            witness.see(frame)
    return witness.notes()


def fully_drawn(job: RenderJob, role: Role) -> np.ndarray:
    """Output frames in which a role is drawn at full strength, ``bool[T]``."""
    return drawn_frames(job, role) & (role.target.strength[job.timeline.source] == 1)


def _shown(job: RenderJob, role: Role, numbers: np.ndarray) -> dict[int, Box]:
    """The faces among these frames that a report shows, wherever nothing is flagged."""
    wanted = set(spread(fully_drawn(job, role))) & set(numbers.tolist())
    shots = {number: int(job.shots(np.array([number]))[0]) for number in sorted(wanted)}
    return {number: role.crops[shot] for number, shot in shots.items() if shot in role.crops}
