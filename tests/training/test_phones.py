import numpy as np
import pytest

from lipsync_ray.speech.visemes.classes import NAMES
from training.visemes.phones import PHONE_SETS, Phone, UnknownPhoneError, label, pieces


def names(phone, phone_set="ipa"):
    return [NAMES[index] for index, _ in pieces(phone, phone_set)]


@pytest.mark.parametrize(
    ("phone", "classes"),
    [
        ("p", ["p"]),
        ("b", ["p"]),
        ("ˈɔː", ["ao"]),
        ("ɔ̃", ["ao"]),
        ("aɪ", ["a", "ih"]),
        ("tʃ", ["t", "sh"]),
        ("ʧ", ["t", "sh"]),
        ("ç", ["j"]),
        ("tɕh", ["t", "sh"]),
        ("ts.h", ["t", "sh"]),
        ("ɯᵝ", ["schwa"]),
        ("n̩", ["n"]),
        ("ɑːɹ", ["a", "r"]),
        ("ho", ["h", "o"]),
        ("", ["sil"]),
        ("_:", ["sil"]),
        ("(en)", ["sil"]),
        ("ʲ", []),
    ],
)
def test_ipa_symbols_fall_into_their_classes(phone, classes):
    assert names(phone) == classes


@pytest.mark.parametrize(
    ("phone", "phone_set", "classes"),
    [
        ("aw", "radio", ["a", "u"]),
        ("jh", "radio", ["t", "sh"]),
        ("pau", "radio", ["sil"]),
        ("r~*", "czech", ["r", "sh"]),
        ("ch", "czech", ["x"]),
        ("@:", "finnish", ["ae"]),
        ("k:", "finnish", ["k"]),
        ("nf", "italian", ["f"]),
        ("rr", "upc_catalan-central", ["r"]),
        ("v", "hindi", ["f"]),
        ("yy", "msu_ru", ["schwa"]),
    ],
)
def test_festival_phones_fall_into_their_classes(phone, phone_set, classes):
    assert names(phone, phone_set) == classes


@pytest.mark.parametrize("phone_set", sorted(PHONE_SETS))
def test_every_phone_of_every_set_has_a_class(phone_set):
    for phone in PHONE_SETS[phone_set]:
        assert sum(share for _, share in pieces(phone, phone_set)) == pytest.approx(1)


@pytest.mark.parametrize(
    ("phone", "shares"),
    [("aɪ", (10 / 17, 7 / 17)), ("ɛɹ", (2 / 3, 1 / 3)), ("dʒ", (0.5, 0.5)), ("aːɪ", (15 / 22, 7 / 22))],
)
def test_clusters_are_split_in_time(phone, shares):
    assert tuple(share for _, share in pieces(phone)) == pytest.approx(shares)


@pytest.mark.parametrize(
    ("phone", "phone_set"), [("ǀ", "ipa"), ("a%", "ipa"), ("qq", "radio"), ("@", "italian")]
)
def test_an_unknown_symbol_is_refused(phone, phone_set):
    with pytest.raises(UnknownPhoneError):
        pieces(phone, phone_set)


def test_a_frame_is_labelled_by_what_is_heard_at_its_centre():
    phones = [
        Phone(pieces=pieces("m"), start=0.01, stop=0.025),
        Phone(pieces=pieces("aɪ"), start=0.025, stop=0.059),  # changes at 0.045
        Phone(pieces=pieces("s"), start=0.059, stop=0.08),
    ]
    labels = label(phones, 16 * 100)
    heard = ["sil", "m", "m", "a", "a", "ih", "s", "s", "sil", "sil", "sil"]
    assert [NAMES[index] for index in labels] == heard
    assert labels.dtype == np.uint8
