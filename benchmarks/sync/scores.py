"""How well a predicted mouth fits the one that was measured: every figure of the judge, in plain numpy.

Offsets and lags are seconds; positive means that the picture comes after the sound (a prediction is then
looked up earlier). Closed frames: measured, an aperture below 15 % of the clip's 95th percentile; predicted,
a ``closure`` of at least .5 in the cues at the frame's time, which is what makes an engine join the lips.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from above import measures
from truth import Truth

from lipsync_ray.speech.activity import runs
from lipsync_ray.speech.track import NAMES, TOUCHING, MouthCues, MouthTrack

REACH, STEP = 0.12, 0.01  # s: offsets looked at
LAGS = np.arange(-round(REACH / STEP), round(REACH / STEP) + 1) * STEP
CLOSED = 0.15  # of the 95th percentile
TOLERANCE = 1  # video frames
LEAST_PEAK = 0.1  # a mean correlation below this tells no offset
SHIFTS = 24  # circular shifts of the null


@dataclass(frozen=True, slots=True, kw_only=True)
class Offset:
    """How much later than its sound a clip's picture comes, as far as a prediction tells."""

    seconds: float  # 0 where it is not known
    known: bool  # the curve has a peak inside the range looked at, high enough to believe
    peak: float  # mean correlation there


@dataclass(frozen=True, slots=True, kw_only=True)
class Closures:
    """Closed frames of prediction and truth while somebody talks; +-1 frame counts as met."""

    predicted: int
    right: int  # predicted frames with a measured closed frame beside
    measured: int
    met: int  # measured frames with a predicted closed frame beside
    events: int  # measured closures: runs of closed frames
    caught: int  # of which at least one frame is met

    @property
    def precision(self) -> float:
        """Share of predicted closed frames that are."""
        return self.right / self.predicted if self.predicted else 0.0

    @property
    def recall(self) -> float:
        """Share of closed frames that are predicted."""
        return self.met / self.measured if self.measured else float("nan")

    @property
    def f(self) -> float:
        """Harmonic mean of precision and recall."""
        both = self.precision + self.recall
        return 2 * self.precision * self.recall / both if both > 0 else both

    @property
    def plosives(self) -> float:
        """Share of closures of which at least one frame is met."""
        return self.caught / self.events if self.events else float("nan")

    def __add__(self, other: Closures) -> Closures:
        return Closures(**{n: getattr(self, n) + getattr(other, n) for n in self.__slots__})


@dataclass(frozen=True, slots=True, kw_only=True)
class Score:
    """One clip's figures; r are correlations of apertures where nothing else is said."""

    name: str
    seconds: float  # of talk that is seen
    offset: Offset
    r0: float  # speech frames, as the clip is
    r: float  # speech frames, after the offset
    r_talk: float  # the whole talk, short pauses included, after the offset
    r_all: float  # all frames, after the offset
    width: float  # all frames, after the offset
    width_speech: float  # speech frames, after the offset
    lag: float  # s, where the aperture alone correlates best, relative to the offset
    gain: float  # deviation of the predicted aperture over the real one, each in its speaker's own unit
    closures: Closures
    frames: int  # speech frames that are seen
    near: int  # of which a measured closed frame is beside
    jitter: float  # median |second difference| over the real one's, speech frames
    pauses: float  # mean |change| where nothing is said, over the real one's; NaN without pauses
    null: float  # r of the same track shifted circularly, mean over shifts
    null_best: float  # the same with the offset chosen anew for every shift: what chance gives this judge


def score(track: MouthTrack, truth: Truth, offset: Offset | None = None) -> Score:
    """Judge a track on one clip's truth; the clip's offset is found on the track itself if not given."""
    offset = offset or find_offset(track, truth)
    return replace(
        score_at(track.at(truth.times - offset.seconds), truth, offset),
        r0=r_speech(track, truth, 0.0),
        lag=peak_lag(track, truth) - offset.seconds,
        **null_of(track, truth, offset),
    )


def score_at(cues: MouthCues, truth: Truth, offset: Offset) -> Score:
    """The figures that need no lag, for a mouth given at the frames of the truth."""
    talk = truth.talk(offset.seconds)
    heard, spoken, silent = truth.heard(offset.seconds), talk > 0.5, talk <= 0.0
    wanted, real = np.asarray(cues.aperture, np.float64), truth.aperture
    unit = speaker_unit(real, spoken)
    seen = spoken & np.isfinite(real)
    nan = float("nan")
    closed = closed_frames(real)
    return Score(
        name=truth.name,
        seconds=float(durations(truth.times)[seen].sum()),
        frames=int(seen.sum()),
        near=int((seen & widened(closed)).sum()),
        offset=offset,
        r0=nan,
        r=related(wanted, real, heard),
        r_talk=related(wanted, real, spoken),
        r_all=related(wanted, real),
        width=related(cues.width, truth.width),
        width_speech=related(cues.width, truth.width, heard),
        lag=nan,
        gain=float(np.std(wanted[seen]) / np.std(real[seen] / unit)) if seen.any() else nan,
        closures=count_closures(cues.closure >= TOUCHING, closed, seen),
        jitter=ratio(jerk(wanted, truth.times, spoken), jerk(real / unit, truth.times, spoken)),
        pauses=ratio(motion(wanted, truth.times, silent), motion(real / unit, truth.times, silent)),
        null=nan,
        null_best=nan,
    )


def find_offset(track: MouthTrack, truth: Truth) -> Offset:
    """The offset on which the lag curves of aperture, width and closure agree best.

    The mean of the three curves every 10 ms within +-120 ms; a parabola through the highest inner peak and
    its neighbours gives the place between. Without a peak of at least .1 the offset counts as 0.
    """
    curves = np.array([_agreement(track.at(truth.times - lag), truth, lag) for lag in LAGS])
    told = curves[:, np.isfinite(curves).any(0)]  # a track that never closes tells nothing by its closures
    mean = np.nan_to_num(told).mean(1) if told.size else np.full(len(LAGS), -1.0)
    place, peak = top(mean)
    if place is None or peak < LEAST_PEAK:
        return Offset(seconds=0.0, known=False, peak=float(mean.max()))
    return Offset(seconds=float(LAGS[0] + place * STEP), known=True, peak=peak)


def _agreement(cues: MouthCues, truth: Truth, lag: float) -> list[float]:
    spoken = truth.heard(lag)
    return [
        related(cues.aperture, truth.aperture, spoken),
        related(cues.width, truth.width, spoken),
        related(cues.closure, closed_frames(truth.aperture).astype(np.float64), spoken),
    ]


def top(curve: np.ndarray) -> tuple[float | None, float]:
    """Place (in samples, by a parabola) and height of the highest inner peak; None without one."""
    inner = np.flatnonzero((curve[1:-1] >= curve[:-2]) & (curve[1:-1] > curve[2:])) + 1
    if not len(inner):
        return None, float(curve.max())
    best = int(inner[np.argmax(curve[inner])])
    left, middle, right = curve[best - 1 : best + 2]
    bend = left - 2 * middle + right
    return best + 0.5 * float(left - right) / float(bend), float(middle)


def peak_lag(track: MouthTrack, truth: Truth) -> float:
    """Lag in s within +-120 ms at which the aperture correlates best on speech frames."""
    curve = np.nan_to_num(np.array([r_speech(track, truth, lag) for lag in LAGS]), nan=-1.0)
    place = top(curve)[0]
    inner = place is not None and curve.max() == curve[1:-1].max()
    return float(LAGS[0] + place * STEP) if inner and place is not None else float(LAGS[curve.argmax()])


def r_speech(track: MouthTrack, truth: Truth, lag: float) -> float:
    """Correlation of apertures on speech frames for one lag."""
    return related(track.at(truth.times - lag).aperture, truth.aperture, truth.heard(lag))


def null_of(track: MouthTrack, truth: Truth, offset: Offset) -> dict[str, float]:
    """What the same track gives when it is shifted circularly, by 15 to 85 % of its length."""
    shifts = np.unique(np.linspace(0.15, 0.85, SHIFTS) * len(track)).astype(np.int64)
    fixed, searched = [], []
    for shift in shifts:
        other = shifted(track, int(shift))
        fixed.append(r_speech(other, truth, offset.seconds))
        searched.append(r_speech(other, truth, find_offset(other, truth).seconds))
    return {"null": _mean(fixed), "null_best": _mean(searched)}


def shifted(track: MouthTrack, samples: int) -> MouthTrack:
    """A track turned round by some samples."""
    return replace(track, **{name: np.roll(getattr(track, name), samples) for name in NAMES})


def related(one: np.ndarray, other: np.ndarray, where: np.ndarray | None = None) -> float:
    """Pearson's r of the frames where both are known and ``where`` holds."""
    known = np.isfinite(one) & np.isfinite(other)
    known = known if where is None else known & where
    return measures.correlation(np.asarray(one, np.float64)[known], np.asarray(other, np.float64)[known])


def speaker_unit(aperture: np.ndarray, spoken: np.ndarray) -> float:
    """92nd percentile of the opening while talking (of all frames if nobody talks): the unit of a track."""
    known = np.isfinite(aperture)
    pool = aperture[known & spoken] if (known & spoken).any() else aperture[known]
    return max(float(np.percentile(pool, 92)), 1e-6) if len(pool) else float("nan")


def closed_frames(aperture: np.ndarray) -> np.ndarray:
    """Frames whose lips are closed: below 15 % of the 95th percentile, ``bool[n]``."""
    known = aperture[np.isfinite(aperture)]
    return aperture < CLOSED * np.percentile(known, 95) if len(known) else np.zeros(len(aperture), bool)


def count_closures(predicted: np.ndarray, measured: np.ndarray, counted: np.ndarray) -> Closures:
    """Compare closed frames ``bool[n]`` in the frames that count, with a tolerance of one frame."""
    said, real = predicted & counted, measured & counted
    near_real, near_said = widened(measured), widened(predicted)
    events = runs(real)
    return Closures(
        predicted=int(said.sum()),
        right=int((said & near_real).sum()),
        measured=int(real.sum()),
        met=int((real & near_said).sum()),
        events=len(events),
        caught=sum(bool(near_said[start:stop].any()) for start, stop in events),
    )


def widened(flags: np.ndarray, reach: int = TOLERANCE) -> np.ndarray:
    """True also next to True, ``bool[n]``."""
    out = flags.copy()
    for step in range(1, reach + 1):
        out[step:] |= flags[:-step]
        out[:-step] |= flags[step:]
    return out


def jerk(values: np.ndarray, times: np.ndarray, where: np.ndarray) -> float:
    """Median |second difference| over runs of three frames that count, per s^2 of their own times."""
    if len(values) < 3:
        return float("nan")
    speed, steps = np.diff(values) / np.diff(times), np.diff(times)
    bend = np.abs(np.diff(speed)) / (0.5 * (steps[1:] + steps[:-1]))
    kept = where[:-2] & where[1:-1] & where[2:] & np.isfinite(bend)
    return float(np.median(bend[kept])) if kept.any() else float("nan")


def motion(values: np.ndarray, times: np.ndarray, where: np.ndarray) -> float:
    """Mean |change| per s between neighbours that both count."""
    speed = np.abs(np.diff(values)) / np.diff(times)
    kept = where[:-1] & where[1:] & np.isfinite(speed)
    return float(speed[kept].mean()) if kept.any() else float("nan")


def durations(times: np.ndarray) -> np.ndarray:
    """Seconds from each frame to the next; the last lasts as long as usual."""
    steps = np.diff(times)
    return np.append(steps, np.median(steps) if len(steps) else 0.0)


def ratio(one: float, other: float) -> float:
    """Quotient, NaN where there is none."""
    return one / other if other > 0 else float("nan")


def _mean(values: list[float]) -> float:
    known = [value for value in values if np.isfinite(value)]
    return float(np.mean(known)) if known else float("nan")
