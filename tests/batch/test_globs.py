"""Files found by pattern become jobs, each video with its own sounds, or it is said why not."""

from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_ray.batch.globs import expand
from lipsync_ray.errors import ConfigError
from lipsync_ray.storage.files import write_bytes


@pytest.fixture(autouse=True)
def _here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


def touch(*names: str) -> None:
    for name in names:
        path = Path(name)
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()


def jobs(*patterns: str | None, out_dir: str = "out") -> list[tuple[str, str, str, str | None]]:
    video, audio, out = [*patterns, None][:3]
    entries = expand(video or "", audio or "", out, out_dir)
    assert [entry.line for entry in entries] == list(range(1, len(entries) + 1))
    return [(entry.id, entry.video, entry.audio, entry.out) for entry in entries]


def refusal(*patterns: str | None) -> str:
    with pytest.raises(ConfigError) as caught:
        jobs(*patterns)
    return str(caught.value)


def test_one_sound_for_each_video() -> None:
    touch("clips/b [1].mp4", "clips/a.mov", "clips/.hidden.mp4", "clips/notes.txt")
    touch("dubs/a.wav", "dubs/b [1].wav", "dubs/b 1.wav")
    assert jobs("clips/*.m[po][4v]", "dubs/{video_name}.wav") == [
        ("a", "clips/a.mov", "dubs/a.wav", "out/videos/a.mp4"),
        ("b_1", "clips/b [1].mp4", "dubs/b [1].wav", "out/videos/b_1.mp4"),
    ]


def test_many_languages_of_each_video() -> None:
    touch("v/a.mp4", "v/b.mp4", "d/a.de.wav", "d/a.fr.wav", "d/b.de.wav")
    assert jobs("v/*.mp4", "d/{video_name}.*.wav") == [
        ("a.de", "v/a.mp4", "d/a.de.wav", "out/videos/a.de.mp4"),
        ("a.fr", "v/a.mp4", "d/a.fr.wav", "out/videos/a.fr.mp4"),
        ("b.de", "v/b.mp4", "d/b.de.wav", "out/videos/b.de.mp4"),
    ]


def test_a_folder_for_each_language() -> None:
    touch("v/a.mp4", "d/de/a.wav", "d/fr/a.wav")
    assert jobs("v/a.mp4", "d/*/{video_name}.wav", "{audio_folder}/{video_name}.{ext}") == [
        ("a.de", "v/a.mp4", "d/de/a.wav", "de/a.mp4"),
        ("a.fr", "v/a.mp4", "d/fr/a.wav", "fr/a.mp4"),
    ]


def test_sounds_of_one_video_need_not_name_it() -> None:
    touch("v.mp4", "d/one.wav", "d/two.wav")
    assert [job[0] for job in jobs("v.mp4", "d/*.wav")] == ["v.one", "v.two"]


def test_one_sound_may_serve_all_videos() -> None:
    touch("v/a.mp4", "v/b.mp4", "voice.wav")
    assert [job[2] for job in jobs("v/*.mp4", "voice.wav")] == ["voice.wav", "voice.wav"]


def test_outputs_by_pattern() -> None:
    touch("v/a.mkv", "v/b.png", "v/c.avi", "a.wav", "b.wav", "c.wav")
    found = jobs("v/*", "{video_name}.wav", "o/{{{index:03d}}}_{video_name}_{audio_name}.{ext}")
    assert [job[3] for job in found] == ["o/{001}_a_a.mkv", "o/{002}_b_b.mp4", "o/{003}_c_c.mp4"]


def test_files_in_a_store(bucket: str) -> None:
    for name in ("v/a.mp4", "v/sub/b [x].mp4", "d/de/a.wav", "d/fr/a.wav", "d/de/b [x].wav"):
        write_bytes(f"{bucket}/{name}", b"x")
    video, audio = f"{bucket}/v/**/*.mp4", f"{bucket}/d/*/{{video_name}}.wav"
    assert jobs(video, audio, out_dir=f"{bucket}/o") == [
        ("a.de", f"{bucket}/v/a.mp4", f"{bucket}/d/de/a.wav", f"{bucket}/o/videos/a.de.mp4"),
        ("a.fr", f"{bucket}/v/a.mp4", f"{bucket}/d/fr/a.wav", f"{bucket}/o/videos/a.fr.mp4"),
        (
            "b_x_.b_x",
            f"{bucket}/v/sub/b [x].mp4",
            f"{bucket}/d/de/b [x].wav",
            f"{bucket}/o/videos/b_x_.b_x.mp4",
        ),
    ]


def test_nothing_found() -> None:
    assert refusal("v/*.mp4", "a.wav") == "no file fits video=v/*.mp4; check the name and the folder"


def test_missing_sounds_are_counted_and_the_first_are_named() -> None:
    touch(*(f"v/{n}.mp4" for n in range(6)), "d/5.wav")
    assert refusal("v/*.mp4", "d/{video_name}.wav") == (
        "no sound for 5 of 6 videos: 0.mp4 (d/0.wav), 1.mp4 (d/1.wav), 2.mp4 (d/2.wav) and 2 more; "
        "add the files, or list the jobs in a manifest"
    )


def test_a_sound_that_fits_two_videos_is_nobodys() -> None:
    touch("v/a.mp4", "v/ab.mp4", "d/a1.wav", "d/ab1.wav")
    assert "d/ab1.wav fits both v/a.mp4 and v/ab.mp4" in refusal("v/*.mp4", "d/{video_name}*.wav")


def test_sounds_that_nothing_ties_to_their_videos() -> None:
    touch("v/a.mp4", "v/b.mp4", "d/a.wav", "d/b.wav")
    assert "fits 2 sounds for each of 2 videos; put {video_name} into it" in refusal("v/*.mp4", "d/*.wav")


def test_two_jobs_of_one_name() -> None:
    touch("v/x/a.mp4", "v/y/a.mp4", "a.wav")
    text = refusal("v/*/*.mp4", "a.wav")
    assert text.startswith("number 2 of what was found (v/y/a.mp4, a.wav): id a is taken by number 1")
    touch("w/a.mp4", "w/b.mp4")
    text = refusal("w/*.mp4", "a.wav", "out.{ext}")
    assert text.startswith("number 2 of what was found (w/b.mp4, a.wav): out out.mp4 is taken by number 1")
    assert "is read by number 1" in refusal("w/*.mp4", "a.wav", "w/{video_name}.mp4")


@pytest.mark.parametrize(
    ("audio", "out", "said"),
    [
        ("{vide_name}.wav", None, "{vide_name} is none of {video_name}; did you mean video_name?"),
        ("{}.wav", None, "{} is none of"),
        ("{video_name.__class__}.wav", None, "is none of {video_name}"),
        ("a.wav", "{audio_nam}.mp4", "did you mean audio_name?"),
        ("a.wav", "{index:{index}}.mp4", "is none of"),
        ("a.wav", "{index:xx}.mp4", "out={index:xx}.mp4: Invalid format specifier"),
        ("a.wav", "o{.mp4", "a brace that is meant is written twice"),
        ("ftp://x/{video_name}.wav", None, "ftp:// is not known"),
    ],
)
def test_patterns_that_cannot_be(audio: str, out: str | None, said: str) -> None:
    touch("v.mp4", "a.wav")
    assert said in refusal("v.mp4", audio, out)
