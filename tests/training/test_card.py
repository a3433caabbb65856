from __future__ import annotations

from training.visemes.card import CARD, COLUMNS, filled

METRICS = {
    "version": "abc",
    "parameters": 117667,
    "bytes": 244122,
    "hours_of_features": 17.2,
    "voices": ["one", "two"],
    "held_out": {"espeak_tr@clean": dict.fromkeys(COLUMNS, 0.5), "toy@clean": {}},
    "silence": {"mean probability": {"noise": 0.912, "hum": 1.0}},
}


def test_the_card_takes_its_numbers_from_the_measures():
    text = filled(CARD.read_text(), METRICS)
    assert "`abc`" in text
    assert "117,667" in text
    assert "| Turkish (espeak-ng) | clean | .50 |" in text
    assert "noise .91, hum 1.00" in text


def test_filling_again_changes_nothing():
    text = filled(CARD.read_text(), METRICS)
    assert filled(text, METRICS) == text


def test_what_is_not_marked_stays():
    assert filled("a <!-- hours -->9<!-- --> b", METRICS) == "a <!-- hours -->17<!-- --> b"
