"""What the speaker of a clip really did with the mouth, frame by frame, and when somebody talks.

The face comes from the project's own scan (or from landmarks of another tracker), free of pose: a similarity
of the parts that speech does not move carries every face to the clip's median face, and lengths are divided
by the distance of the outer eye corners (IO). Times are the frames' own, counted from the first sample of the
sound, so that ``track.at(times - offset)`` is the mouth that a sound asks for.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from above import mouths

from lipsync_ray.config import Config
from lipsync_ray.engines.unit_selection.canonical import (
    Reference,
    build_reference,
    fit_poses,
    present,
    to_canonical,
)
from lipsync_ray.media.audio import ANALYSIS_RATE, mixed, probe_audio
from lipsync_ray.speech import activity
from lipsync_ray.speech.features import FRAME_RATE
from lipsync_ray.speech.voice import measure

LIPS = ((13, 14, 0.5), (82, 87, 0.25), (312, 317, 0.25))  # inner upper lip, inner lower lip, weight
CORNERS = (61, 291)
AUDIBLE_DB = 20.0
MOST = 1000  # faces that the median face is made of


@dataclass(frozen=True, slots=True, kw_only=True)
class Truth:
    """A speaker's measured mouth; NaN in frames where it was not seen well."""

    name: str
    times: np.ndarray  # float64[n] s after the first sample of the sound, ascending
    aperture: np.ndarray  # float64[n] IO between the inner lips
    width: np.ndarray  # float64[n] IO between the corners
    speech: np.ndarray  # float32[m] at 100 Hz of the sound: 1 somebody talks, 0 nobody, ramps between
    audible: np.ndarray  # float32[m] at 100 Hz: 1 the talk is loud enough to tell a sound by, else 0

    def __post_init__(self) -> None:
        if not self.times.shape == self.aperture.shape == self.width.shape or self.times.ndim != 1:
            raise ValueError(f"{self.name}: times, aperture and width must be vectors of one length")

    def talk(self, offset: float = 0.0) -> np.ndarray:
        """How much is said at each frame, ``float64[n]``, if the picture is ``offset`` s behind its sound."""
        return self.talk_at(self.times - offset)

    def heard(self, offset: float = 0.0) -> np.ndarray:
        """Frames at which the talk is audible, ``bool[n]``: no pause, however short, and no fading breath."""
        return self.heard_at(self.times - offset)

    def talk_at(self, times: np.ndarray) -> np.ndarray:
        """How much is said at moments of the sound (s), ``float64[m]``."""
        return _at(self.speech, times)

    def heard_at(self, times: np.ndarray) -> np.ndarray:
        """Moments of the sound (s) at which talk is audible, ``bool[m]``."""
        return (_at(self.audible, times) > 0.5) & (self.talk_at(times) > 0.5)

    def part(self, start: int, stop: int, *, name: str, zero: float) -> Truth:
        """Some frames, with the sound from ``zero`` s on."""
        return replace(
            self,
            name=name,
            times=self.times[start:stop] - zero,
            aperture=self.aperture[start:stop],
            width=self.width[start:stop],
            speech=self.speech[round(zero * FRAME_RATE) :],
            audible=self.audible[round(zero * FRAME_RATE) :],
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Measured:
    """A clip with its truth, its sound, and what is needed to measure the same person elsewhere."""

    clip: mouths.Clip
    truth: Truth
    samples: np.ndarray  # float32[k] mono, 16 kHz
    reference: Reference  # the median face


def measure_clip(path: str | Path, config: Config, scans: Path, landmarks: Path | None = None) -> Measured:
    """Scan a talking clip (scans are kept in ``scans``) and measure its mouth.

    Args:
        path: a video with its speaker's own sound.
        config: settings of the scan.
        scans: folder for scans.
        landmarks: folder of another tracker's faces, see ``read_landmarks``.

    Raises:
        LipsyncError: no face, no sound, or a file that cannot be read.
    """
    clip = mouths.open_clip(path, config, scans)
    samples = samples_of(clip.table.path)
    if landmarks is None:
        faces, seen = clip.landmarks(np.arange(len(clip.table))), clip.analysis.target.reason == 0
    else:
        faces = read_landmarks(landmarks, Path(path).stem, len(clip.table))
        seen = present(faces)
    reference = build_reference(faces[_evenly(np.flatnonzero(seen & present(faces)), MOST)])
    aperture, width = mouth(faces, reference)
    begin = probe_audio(clip.table.path).start - clip.table.origin
    speech, audible = speech_of(samples)
    truth = Truth(
        name=Path(path).stem,
        times=clip.table.times() - float(begin),
        aperture=np.where(seen, aperture, np.nan),
        width=np.where(seen, width, np.nan),
        speech=speech,
        audible=audible,
    )
    return Measured(clip=clip, truth=truth, samples=samples, reference=reference)


def mouth(landmarks: np.ndarray, reference: Reference) -> tuple[np.ndarray, np.ndarray]:
    """Aperture and width ``float64[n]`` IO of faces ``[n,468,3]`` px, NaN where there is none.

    Aperture: (2|13-14| + |82-87| + |312-317|) / 4, width: |61-291|, across the aligned face.
    """
    flat = to_canonical(landmarks, fit_poses(landmarks, reference))[:, :, :2]

    def apart(one: int, other: int) -> np.ndarray:
        return np.linalg.norm(flat[:, one] - flat[:, other], axis=1)

    return sum(weight * apart(up, low) for up, low, weight in LIPS), apart(*CORNERS)


def samples_of(path: str | Path) -> np.ndarray:
    """The first sound track, ``float32[k]`` mono at 16 kHz, from its first sample on."""
    return np.concatenate([block[0] for block in mixed(path, ANALYSIS_RATE, 1)])


def speech_of(samples: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """When somebody talks and when it is audible, ``float32[m]`` at 100 Hz each; the same for every model.

    Talk is what the package's own gate says, pauses under 250 ms included. Audible is a level within
    ``AUDIBLE_DB`` of the loud parts (95th percentile).
    """
    voice = measure(samples)
    talk = activity.envelope(activity.talking(voice, activity.loud_level(voice)))
    audible = voice.level > np.percentile(voice.level, 95) - AUDIBLE_DB
    return talk.astype(np.float32), audible.astype(np.float32)


def read_landmarks(folder: Path, stem: str, frames: int) -> np.ndarray:
    """Another tracker's faces ``float32[n,468,3]`` px: ``landmarks`` of (``landmarks_``)``STEM.npz``.

    One row per shown frame of the clip, NaN where it saw no face; numbered as the 468-point face mesh.
    """
    for name in (f"{stem}.npz", f"landmarks_{stem}.npz"):
        if (folder / name).is_file():
            faces = np.load(folder / name)["landmarks"]
            if faces.shape != (frames, 468, 3):
                raise SystemExit(f"{folder / name}: landmarks {faces.shape}, expected {(frames, 468, 3)}")
            return faces
    raise SystemExit(f"no {stem}.npz in {folder}")


def _at(curve: np.ndarray, times: np.ndarray) -> np.ndarray:
    return np.interp(times * FRAME_RATE, np.arange(len(curve)), curve, left=0.0, right=0.0)


def _evenly(values: np.ndarray, count: int) -> np.ndarray:
    if len(values) <= count:
        return values
    return values[np.linspace(0, len(values) - 1, count).round().astype(np.int64)]
