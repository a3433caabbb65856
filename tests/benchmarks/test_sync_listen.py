from __future__ import annotations

import json

import listen
import numpy as np
import pytest
import scores
import truth
from listen import always_closed, find_clips, read_words

from lipsync_ray.engines.unit_selection.canonical import build_reference
from tests.benchmarks import synced


@pytest.fixture
def two_scores():
    return [scores.score(synced.track(seed=s), synced.truth()) for s in (1, 5)]


def test_the_table_and_the_json_tell_the_same(two_scores, capsys):
    listen.print_group("made up", two_scores)
    shown = capsys.readouterr().out
    told = json.loads(json.dumps(listen.summary("clean", two_scores), allow_nan=False))
    assert f"{told['mean']['r']:.2f}" in shown
    assert told["mean"]["r"] == pytest.approx(np.mean([one.r for one in two_scores]))
    assert told["worst"]["r"] == two_scores[1].r
    assert told["clips"][0]["pauses"] is None
    assert told["closures"]["measured"] == 2 * two_scores[0].closures.measured
    assert told["clips"][0]["closures"]["f"] == two_scores[0].closures.f


def test_always_closed_finds_all_and_is_often_wrong(two_scores):
    trivial = always_closed(two_scores)
    assert trivial.recall == trivial.plosives == 1
    assert trivial.predicted == sum(one.frames for one in two_scores) > 590
    assert 0 < trivial.precision < 0.8


def test_words_are_options_clips_and_settings(tmp_path):
    clip, folder = tmp_path / "a=b.mp4", tmp_path / "more"
    folder.mkdir()
    for file in (clip, folder / "two.MOV", folder / "one.mp4", folder / "notes.txt"):
        file.touch()
    words = [str(clip), "face.select=largest", "--out", "x", str(folder), "--degrade", "music8", "reverb"]
    options, clips, rest = read_words([*words, "--speech", "formants"])
    assert options.degrade == ["music8", "reverb"]
    assert rest == ["face.select=largest"]
    assert [path.name for path in find_clips(clips)] == ["a=b.mp4", "one.mp4", "two.MOV"]
    with pytest.raises(SystemExit, match="no such clip"):
        read_words(["--out", "x", "nowhere.mp4"])


def test_a_part_of_the_truth_keeps_its_own_clock():
    whole = synced.truth(silent=(4, 8))
    part = whole.part(100, 300, name="end", zero=4.0)
    assert part.times[0] == pytest.approx(0)
    assert part.times[-1] == pytest.approx(whole.times[-1] - 4)
    assert part.talk()[10] == 0
    assert part.talk()[-1] == 1


def test_a_picture_that_comes_late_hears_earlier_sound():
    whole = synced.truth(silent=(0, 2))
    assert whole.talk()[int(2.2 * 25)] == 1
    assert whole.talk(0.5)[int(2.2 * 25)] == 0


def test_the_mouth_is_measured_free_of_pose():
    shape = np.random.default_rng(2).uniform(-0.5, 0.5, (468, 3))
    shape[[33, 263, 152, 168]] = [[-0.5, 0, 0], [0.5, 0, 0], [0, 1, 0], [0, 0, 0]]
    lips = {13: (0, 0.5), 14: (0, 0.6), 82: (-0.1, 0.5), 87: (-0.1, 0.58), 312: (0.1, 0.5), 317: (0.1, 0.58)}
    for landmark, place in {**lips, 61: (-0.3, 0.5), 291: (0.3, 0.5)}.items():
        shape[landmark] = (*place, 0)
    turns = [[np.cos(a), 0, np.sin(a), 0, 1, 0, -np.sin(a), 0, np.cos(a)] for a in (0, 0.2, -0.4)]
    faces = np.stack([90 * shape @ np.reshape(turn, (3, 3)).T + [300, 200, 0] for turn in turns] * 2)
    faces[3:] *= 2
    faces[4, 13] = np.nan
    aperture, width = truth.mouth(faces, build_reference(faces[:1]))
    np.testing.assert_allclose(aperture, [0.09, 0.09, 0.09, 0.09, np.nan, 0.09], atol=1e-6)
    np.testing.assert_allclose(width, [0.6, 0.6, 0.6, 0.6, np.nan, 0.6], atol=1e-6)


def test_another_trackers_faces(tmp_path):
    faces = np.ones((3, 468, 3), np.float32)
    np.savez(tmp_path / "landmarks_talk.npz", landmarks=faces)
    assert truth.read_landmarks(tmp_path, "talk", 3).shape == faces.shape
    with pytest.raises(SystemExit, match="expected"):
        truth.read_landmarks(tmp_path, "talk", 4)
    with pytest.raises(SystemExit, match=r"no other.npz"):
        truth.read_landmarks(tmp_path, "other", 3)


def test_a_real_clip_end_to_end(media_dir, tmp_path, capsys):
    clip = media_dir / "talk_closeup_590.mp4"
    assert listen.main([str(clip), "--speech", "formants", "--out", str(tmp_path)]) == 0
    (told,) = json.loads((tmp_path / "listen.json").read_text())["sounds"]
    assert told["clips"][0]["r"] > 0.2
    assert abs(told["clips"][0]["null"]) < 0.15
    assert "talk_closeup_590" in capsys.readouterr().out
