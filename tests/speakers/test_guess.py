"""Who talks when, guessed from mouths and sound that were made up."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.speakers.guess import guess_turns, match_names
from lipsync_ray.speech.evidence import Evidence
from lipsync_ray.speech.heard import STEP_S, Heard

TIMES = np.arange(500) / 25
RNG = np.random.default_rng(5)


def babble(seed: int) -> np.ndarray:
    """Opening of a mouth that talks, 0 to 1, at each frame."""
    rough = np.random.default_rng(seed).random(len(TIMES) // 3 + 2)
    return np.interp(np.arange(len(TIMES)), 3 * np.arange(len(rough)), rough)


def heard_of(opening: np.ndarray, talk: np.ndarray) -> Heard:
    at = STEP_S * np.arange(int(TIMES[-1] / STEP_S) + 1)
    aperture = np.interp(at, TIMES, opening * talk).astype(np.float32)
    speech = np.interp(at, TIMES, talk.astype(float)).astype(np.float32)
    zeros = np.zeros(len(at), np.float32)
    return Heard(
        start=0.0, evidence=Evidence(hidden=zeros[:, None], aperture=aperture, width=zeros, speech=speech)
    )


@pytest.fixture(scope="module")
def sound() -> Heard:
    """Speech from 2 to 18 s, with a pause from 9 to 10."""
    talk = ((TIMES >= 2) & (TIMES < 9)) | ((TIMES >= 10) & (TIMES < 18))
    return heard_of(babble(1), talk)


def mouth(*spans: tuple[float, float], idle: int = 2) -> np.ndarray:
    """Follows the sound in some stretches, rests in others; ``idle`` tells how."""
    follows = np.zeros(len(TIMES), bool)
    for start, end in spans:
        follows |= (TIMES >= start) & (TIMES < end)
    rest = 0.01 + 0.004 * babble(idle)
    return np.where(follows, 0.02 + 0.1 * babble(1), rest)


def test_turns_with_and_without_a_pause(sound: Heard) -> None:
    turns = guess_turns(np.stack([mouth((2, 5), (10, 18)), mouth((5, 9), idle=3)]), TIMES, [sound])
    assert [turn.person for turn in turns] == [0, 1, 0]
    for turn, (start, end) in zip(turns, [(2, 5), (5, 9), (10, 18)], strict=True):
        assert turn.start == pytest.approx(start, abs=0.6)
        assert turn.end == pytest.approx(end, abs=0.6)


def test_who_moves_otherwise_does_not_talk(sound: Heard) -> None:
    chewing = 0.02 + 0.1 * babble(7)
    turns = guess_turns(np.stack([chewing, mouth((2, 18))]), TIMES, [sound])
    assert {turn.person for turn in turns} == {1}
    alone = guess_turns(chewing[None], TIMES, [sound])  # whoever talks is not seen
    assert sum(turn.end - turn.start for turn in alone) < 0.5 * 15


def test_who_is_not_seen_has_no_turn(sound: Heard) -> None:
    hidden = mouth((2, 18))
    hidden[TIMES >= 9.5] = np.nan
    turns = guess_turns(np.stack([hidden, mouth(idle=3)]), TIMES, [sound])
    assert [turn.person for turn in turns] == [0]
    assert turns[0].end < 10


def test_nothing_to_see_or_hear(sound: Heard) -> None:
    assert guess_turns(np.zeros((0, len(TIMES))), TIMES, [sound]) == []
    assert guess_turns(mouth((2, 18))[None], TIMES, []) == []


def test_names_go_to_those_whose_mouths_agree(sound: Heard) -> None:
    opening = np.stack([mouth((2, 5), (10, 18)), mouth((5, 9), idle=3)])
    spans = {"ben": [(5.2, 8.8)], "anna": [(2.0, 4.5), (11.0, 17.0)], "cid": [(19.0, 19.5)]}
    assert match_names(opening, TIMES, [sound], spans) == {"anna": 0, "ben": 1}
    assert match_names(opening[:0], TIMES, [sound], spans) == {}
