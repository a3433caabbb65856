from collections import Counter

import numpy as np
import pytest

from lipsync_ray.speech.features import mel_power
from lipsync_ray.speech.visemes.classes import NAMES
from training.visemes import espeak, festival, flite
from training.visemes.corpus import open_corpus
from training.visemes.espeak import Request, Speaker
from training.visemes.phones import Phone, UnknownPhoneError, pieces
from training.visemes.synthesize import plan, synthesize
from training.visemes.voices import SynthesisError, phones_of_ends, utterance

needs_espeak = pytest.mark.skipif(bool(espeak.missing()), reason="espeakng-loader is not installed")


@pytest.fixture(scope="module")
def small(tmp_path_factory):
    folder = tmp_path_factory.mktemp("corpus")
    lines = []
    synthesize(folder, size="small", progress=lines.append)
    return folder, lines


@needs_espeak
def test_the_small_corpus_is_some_minutes_of_labelled_speech(small):
    voices = open_corpus(small[0])
    assert {voice.language for voice in voices} == {"en", "de", "es", "tr"}
    assert 150 < sum(voice.seconds for voice in voices) < 400
    labels = np.concatenate([item.labels for voice in voices for item in voice])
    assert len(set(labels.tolist())) >= 30
    assert 0.05 < (labels == NAMES.index("sil")).mean() < 0.35
    assert small[1][-1].startswith("4 voices")


@needs_espeak
def test_labels_lie_on_the_sounds_they_name(small):
    level, centre, labels = [], [], []
    for voice in open_corpus(small[0]):
        for item in voice:
            power = mel_power(item.samples)
            total = power.sum(1) + 1e-12
            level.append(10 * np.log10(total / np.percentile(total, 95)))
            centre.append(power @ np.arange(power.shape[1]) / total)
            labels.append(item.labels)
    level, centre, labels = map(np.concatenate, (level, centre, labels))

    def of(values, name):
        return float(np.median(values[labels == NAMES.index(name)]))

    assert of(level, "sil") < -40 < of(level, "p") < of(level, "a") - 5
    assert of(centre, "s") > of(centre, "sh") > of(centre, "a") > of(centre, "u")
    assert of(centre, "m") < of(centre, "e")


@needs_espeak
def test_what_was_made_is_kept(small):
    folder, _ = small
    before = {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}
    synthesize(folder, size="small")
    assert before == {path: path.stat().st_mtime_ns for path in folder.glob("*.npz")}


@needs_espeak
def test_a_speaker_that_is_killed_loses_one_utterance():
    request = Request("A map of the moon.", "en-us+m1", 160, 50, 50)
    with Speaker() as speaker:
        first = speaker.say(request)
        speaker._process.kill()
        speaker._process.wait()
        with pytest.raises(SynthesisError, match="died"):
            speaker.say(request)
        np.testing.assert_array_equal(speaker.say(request).samples, first.samples)


@needs_espeak
def test_a_voice_that_does_not_exist_is_told():
    with Speaker() as speaker, pytest.raises(SynthesisError, match="no voice xx"):
        speaker.say(Request("Hello.", "xx", 160, 50, 50))


def test_the_silence_before_a_burst_belongs_to_the_stop():
    rate = 16000
    samples = np.full(rate, 5000, np.int16)
    samples[3200:4000] = 3  # 0.2 s .. 0.25 s
    vowel = Phone(pieces=pieces("a"), start=0.0, stop=0.25)
    stop = Phone(pieces=pieces("t"), start=0.25, stop=0.3)
    before, after = espeak.with_closures([vowel, stop], samples, rate)
    assert (before.stop, after.start, after.stop) == (0.2, 0.2, 0.3)


def test_missing_packages_are_named_in_one_line(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(SynthesisError, match=r"^not installed: apt-get install .*flite festival") as error:
        synthesize(tmp_path / "corpus", size="full")
    assert "\n" not in str(error.value)


def test_the_full_plan_has_every_family_and_the_voices_that_training_holds_out():
    voices = plan("full")
    assert {voice.family for voice in voices} == {"flite", "festival", "espeak"}
    assert {voice.name for voice in voices} >= {"flite_awb", "festival_czech_ph", "espeak_sv", "espeak_tr"}
    assert len({voice.name for voice in voices}) == len(voices) > 45


@pytest.mark.skipif(bool(flite.missing()), reason="flite is not installed")
def test_flite_speaks_slower_and_tells_when(tmp_path):
    short, long = (
        flite.speak("slt", "Bob and Mum.", stretch=stretch, pitch=1.0, folder=tmp_path)
        for stretch in (0.8, 1.3)
    )
    assert len(long.samples) > 1.3 * len(short.samples)
    assert {"p", "m", "sil"} <= {NAMES[index] for index in short.labels}


@pytest.mark.skipif(bool(festival.missing()), reason="festival's voices are not installed")
def test_festival_goes_on_after_a_text_that_ends_it():
    skipped = Counter()
    lines = [festival.Line(text, 1.0, 1.0) for text in ("mama", "\u200b", "ale")]
    said = list(festival.speak("czech_dita", lines, skipped))
    assert 2 <= len(said) <= 3
    assert len(said) + sum(skipped.values()) == 3


def test_phones_must_be_known_and_end_with_the_sound():
    with pytest.raises(UnknownPhoneError):
        phones_of_ends([("zzz", 0.1)], "radio")
    with pytest.raises(SynthesisError, match="end with the sound"):
        utterance(np.full(16000, 9000, np.int16), 16000, phones_of_ends([("aa", 0.5)], "radio"))
