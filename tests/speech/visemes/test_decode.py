from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.speech.activity import runs
from lipsync_ray.speech.track import NAMES, MouthTrack
from lipsync_ray.speech.visemes.closures import APART, HOLD, closures
from lipsync_ray.speech.visemes.decode import lips, mouth, pulled
from tests.speech.visemes.posteriors import said

TALK = "ah:9 t:6 a:12 n:6 i:10 s:9 e:10 l:6 o:12 k:6 " * 6


def spoken(text: str, talk: np.ndarray | None = None) -> MouthTrack:
    rows = said(text)
    active = np.ones(len(rows), bool) if talk is None else talk
    return mouth(lips(pulled(rows)), active)


def part(track: MouthTrack, name: str, before: str, frames: int) -> np.ndarray:
    """Middle half of the frames that come after a text."""
    start = len(said(before))
    return getattr(track, name)[start + frames // 4 : start + frames - frames // 4]


def test_vowels_open_as_faces_do():
    track = spoken(TALK + "a:30 o:30 u:30 " + TALK)
    wide = part(track, "aperture", TALK, 30).mean()
    small = part(track, "aperture", TALK + "a:30 ", 30).mean()
    least = part(track, "aperture", TALK + "a:30 o:30 ", 30).mean()
    assert wide > 1
    assert wide > small + 0.3 > least + 0.3
    assert part(track, "rounding", TALK + "a:30 o:30 ", 30).min() > 0.8
    assert part(track, "rounding", TALK, 30).max() < 0.2
    assert part(track, "width", TALK + "a:30 o:30 ", 30).max() < -0.5
    assert part(track, "width", TALK, 30).min() > 0.2


@pytest.mark.parametrize("sound", ["p", "m"])
@pytest.mark.parametrize("frames", [4, 6, 12])
def test_bilabials_touch(sound, frames):
    track = spoken(TALK + f"a:15 {sound}:{frames} a:15 " + TALK)
    start = len(said(TALK + "a:15"))
    closed = runs(track.closure >= 0.5)
    mine = closed[(closed[:, 0] < start + frames) & (closed[:, 1] > start)]
    assert len(mine) == 1
    assert mine[0, 1] - mine[0, 0] >= HOLD
    assert start - 5 <= mine[0, 0] < mine[0, 1] <= start + frames + 5
    assert not track.aperture[track.closure >= 0.5].any()
    assert part(track, "aperture", TALK, 15)[0] > 0.7


def test_labiodentals_are_told():
    track = spoken(TALK + "a:15 f:10 a:15 " + TALK)
    assert part(track, "labiodental", TALK + "a:15 ", 10).min() > 0.5
    assert part(track, "labiodental", TALK, 12).max() < 0.1
    assert part(track, "aperture", TALK + "a:15 ", 10).max() < 0.3


def test_an_unsure_network_still_moves_the_mouth():
    def spread(sure: float) -> float:
        return float(np.ptp(np.percentile(mouth_of(sure).aperture, [10, 90])))

    def mouth_of(sure: float) -> MouthTrack:
        rows = said(TALK * 3, sure)
        return mouth(lips(pulled(rows)), np.ones(len(rows), bool))

    assert spread(0.35) > 0.6 * spread(0.9)


def test_a_mumble_is_not_blown_up():
    track = spoken("schwa:40 n:20 " * 12)
    assert np.ptp(np.percentile(track.aperture[100:-100], [5, 95])) < 0.5


def test_a_pause_is_a_rest():
    rows = said(TALK + "sil:60 " + TALK)
    first, last = len(said(TALK)), len(said(TALK)) + 60
    talk = np.ones(len(rows), bool)
    talk[first:last] = False
    track = mouth(lips(pulled(rows)), talk)
    for name in NAMES:
        assert not getattr(track, name)[first + 11 : last - 8].any(), name
    assert track.speech[last - 4] > 0
    assert track.aperture[first - 40 : first].max() > 0.3


def test_a_short_gap_keeps_the_lips_apart():
    track = spoken(TALK + "sil:16 " + TALK)
    gap = part(track, "aperture", TALK, 16)
    assert 0.02 < gap.min() <= gap.max() < 0.45
    assert part(track, "speech", TALK, 16).min() == 1


def test_closures_last_two_frames_at_any_rate():
    track = spoken((TALK + "a:15 p:5 i:10 b:1 ").replace("b:1", "m:4") * 3)
    for fps in (24, 24000 / 1001, 25, 30, 50, 60):
        for phase in (0, 0.3, 0.7):
            cues = track.at((np.arange(int(track.duration * fps)) + phase) / fps)
            shown = runs(cues.closure >= 0.5)
            assert len(shown)
            assert (shown[:, 1] - shown[:, 0]).min() >= 2
            assert not cues.aperture[cues.closure >= 0.5].any()


def test_an_opening_of_one_frame_between_closures_stays_shut():
    bilabial, aperture = np.zeros(100), np.full(100, 0.4)
    bilabial[[*range(30, 38), *range(40, 50), *range(60, 63)]] = 0.9
    found = closures(bilabial, aperture, np.zeros(100), np.ones(100))
    assert runs(found).tolist() == [[30, 50], [58, 64]] or runs(found).tolist() == [[30, 50], [57, 63]]
    assert APART > 2


def test_a_long_rounded_vowel_is_not_sealed():
    track = spoken(TALK + "u:30 m:8 u:20 " + TALK)
    assert not part(track, "closure", TALK, 30).any()
    assert part(track, "aperture", TALK, 30).max() < 0.25
    assert part(track, "closure", TALK + "u:30 ", 8).all()


def test_nothing_closes_in_silence():
    assert not closures(np.ones(50), np.zeros(50), np.zeros(50), np.zeros(50)).any()


@pytest.mark.parametrize("place", [0, 2, 97])
def test_closures_at_the_ends(place):
    bilabial = np.zeros(100)
    bilabial[place : place + 3] = 0.9
    found = closures(bilabial, np.full(100, 0.4), np.zeros(100), np.ones(100))
    assert runs(found).shape == (1, 2)
    assert np.diff(runs(found)[0]) == HOLD
