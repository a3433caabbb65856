import numpy as np
import pytest

from lipsync_ray.speech.features import frame_count
from training.visemes import texts
from training.visemes.corpus import Utterance, open_corpus, write_voice


def utterance(length, seed):
    source = np.random.default_rng(seed)
    return Utterance(
        samples=source.uniform(-1, 1, length).astype(np.float32),
        labels=source.integers(0, 32, frame_count(length)).astype(np.uint8),
    )


def test_a_voice_comes_back_as_it_was_written(tmp_path):
    said = [utterance(length, length) for length in (16000, 12345, 159, 160)]
    write_voice(tmp_path, name="somebody", family="espeak", language="cs", utterances=said)
    (voice,) = open_corpus(tmp_path)
    assert (voice.name, voice.family, voice.language, len(voice)) == ("somebody", "espeak", "cs", 4)
    assert voice.seconds == pytest.approx(sum(len(item.samples) for item in said) / 16000)
    for back, item in zip(voice, said, strict=True):
        np.testing.assert_allclose(back.samples, item.samples, atol=1 / 32000)
        np.testing.assert_array_equal(back.labels, item.labels)
    np.testing.assert_array_equal(voice[-1].labels, said[-1].labels)
    with pytest.raises(IndexError):
        voice[4]


def test_samples_beyond_full_scale_do_not_wrap_around(tmp_path):
    loud = Utterance(samples=np.array([1.5, -1.5], np.float32), labels=np.zeros(1, np.uint8))
    write_voice(tmp_path, name="loud", family="flite", language="en", utterances=[loud])
    assert open_corpus(tmp_path)[0][0].samples.tolist() == [32767 / 32768, -1.0]


def test_a_failed_voice_leaves_no_file(tmp_path):
    def dies():
        yield utterance(1600, 1)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        write_voice(tmp_path, name="dies", family="flite", language="en", utterances=dies())
    assert open_corpus(tmp_path) == []


def test_labels_must_fit_the_samples():
    with pytest.raises(ValueError, match="labels"):
        Utterance(samples=np.zeros(1600, np.float32), labels=np.zeros(10, np.uint8))


@pytest.mark.parametrize("code", texts.languages())
def test_every_language_has_sentences_and_the_same_for_a_seed(code):
    said = texts.sentences(code, 40, "a")
    assert said == texts.sentences(code, 40, "a") != texts.sentences(code, 40, "b")
    assert all(4 < len(text) < 250 and "{" not in text and "∅" not in text for text in said)
    assert len(set(said)) > 20
