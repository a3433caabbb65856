"""What drives the mouth in a job: which sound, when, and what the source's own sound adds."""

from __future__ import annotations

import json
import wave
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from lipsync_ray.driving import SoundDriving, open_driving
from lipsync_ray.dubbing import dub, plan
from lipsync_ray.errors import AudioUnreadable, ConfigError
from lipsync_ray.inputs import open_inputs
from lipsync_ray.media.index import build_table
from lipsync_ray.overrides import load_config
from lipsync_ray.speech.driving import Driven, MeasuredMouth
from lipsync_ray.speech.evidence import Evidence, Habit
from lipsync_ray.speech.features import smooth
from lipsync_ray.speech.sound import Sound
from lipsync_ray.speech.track import MouthTrack
from tests.conftest import ROOT
from tests.toy_engines import known_opening

RATE = 48_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Loud:
    """A model for which a mouth is as open as its sound is loud; silence says nothing."""

    name: str = "loud"

    def track(self, samples: Sound, rate: int = 16000, habit: Habit | None = None) -> MouthTrack:
        level = _levels(samples)
        if habit is not None:
            level = level + habit.aperture_weights[0]
        none = np.zeros(len(level), np.float32)
        return MouthTrack(
            rate=100.0,
            aperture=level,
            width=none,
            rounding=none,
            closure=none,
            labiodental=none,
            speech=np.ones(len(level), np.float32),
        )

    def evidence(self, samples: Sound, times: np.ndarray) -> Evidence:
        level = np.interp(times, np.arange(len(_levels(samples))) / 100, _levels(samples)).astype(np.float32)
        talking = smooth((level > 0.02).astype(np.float32), 10.0) > 0.1
        return Evidence(
            hidden=level[:, None], aperture=level, width=0 * level, speech=talking.astype(np.float32)
        )


def _levels(samples: Sound) -> np.ndarray:
    """Loudness every 10 ms, ``float32[n]``."""
    values = np.pad(np.asarray(samples[0:], np.float64), 160)
    power = np.add.reduceat(values**2, np.arange(0, len(values) - 160, 160)) / 160
    level = np.sqrt(0.5 * (power[:-1] + power[1:]))[: len(samples) // 160] * 4
    return smooth(level, 3.0).astype(np.float32)


def hum(seconds: float, *, ahead: float = 0.0) -> np.ndarray:
    """A tone as loud as `known_opening` is open, ``ahead`` of it."""
    times = np.arange(round(RATE * seconds)) / RATE
    return (4 * known_opening(times + ahead) * np.sin(2700 * times)).astype(np.float32)


def write_wav(path: Path, samples: np.ndarray) -> Path:
    with wave.open(str(path), "wb") as file:
        file.setparams((1, 2, RATE, 0, "NONE", ""))
        file.writeframes((np.clip(samples, -1, 1) * 32767).astype("<i2").tobytes())
    return path


def write_clip(
    path: Path, sound: np.ndarray | None, *, seconds: float = 6.0, late: float = 0.0, codec: str = "aac"
) -> Path:
    """A small grey video whose sound track begins ``late``."""
    options = {"avoid_negative_ts": "disabled"} if late < 0 else {}
    with av.open(str(path), "w", options=options) as out:
        video = out.add_stream("libx264", 25, options={"preset": "ultrafast", "bf": "2"})
        video.width, video.height = 64, 48
        stream = out.add_stream(codec, rate=RATE, layout="mono") if sound is not None else None
        for number in range(round(25 * seconds)):
            frame = av.VideoFrame.from_ndarray(np.full((48, 64), 90 + number % 9, np.uint8), format="gray")
            frame.pts, frame.time_base = number, Fraction(1, 25)
            out.mux(video.encode(frame.reformat(format="yuv420p")))
        out.mux(video.encode(None))
        if sound is not None:
            for start in range(0, len(sound), 960):
                frame = av.AudioFrame.from_ndarray(sound[None, start : start + 960], "fltp", "mono")
                frame.sample_rate, frame.time_base = RATE, Fraction(1, RATE)
                frame.pts = start + round(late * RATE)
                out.mux(stream.encode(frame))
            out.mux(stream.encode(None))
    return path


def driving(tmp_path: Path, video: Path, *words: str, audio: Path | None = None) -> SoundDriving:
    audio = audio or write_wav(tmp_path / "dub.wav", hum(6, ahead=90))
    config = load_config([f"video={video}", f"audio={audio}", *words])
    return open_driving(config, open_inputs(config, tmp_path), Loud(), tmp_path)


def seen(driven_by: SoundDriving, seconds: float = 6.0, first: float = 0.0) -> Driven:
    """The answer to somebody who saw `known_opening` begin with the first frame, which comes so late."""
    times = first + np.arange(0, seconds, 0.04)
    mouth = MeasuredMouth(times=times, aperture=known_opening(times - first), width=np.zeros(len(times)))
    return driven_by.cues(mouth)


@pytest.mark.parametrize(
    ("name", "codec"), [("a.mp4", "aac"), ("a.mkv", "aac"), ("a.mov", "pcm_s16le"), ("a.ts", "aac")]
)
@pytest.mark.parametrize("late", [0.0, 0.08, 0.5])
def test_the_source_s_own_offset_is_found_whatever_the_container(
    tmp_path: Path, name: str, codec: str, late: float
):
    """The track begins ``late`` but what it holds is in place; then everything in it comes 60 ms early."""
    in_place = write_clip(tmp_path / name, hum(6 - late, ahead=late), late=late, codec=codec)
    first = float(build_table(in_place).times()[0])  # MPEG-TS: sound that primes the decoder comes first
    report = seen(driving(tmp_path, in_place), first=first).report
    assert report["av_offset_ms"] == pytest.approx(0, abs=5)
    assert report["av_offset_r"] > 0.9
    early = write_clip(tmp_path / f"b{name}", hum(6 - late, ahead=late + 0.06), late=late, codec=codec)
    report = seen(driving(tmp_path, early), first=first).report
    assert report["av_offset_ms"] == pytest.approx(60, abs=5)
    assert report["applied_offset_ms"] == report["av_offset_ms"]


def test_remuxing_the_sound_80_ms_later_moves_the_estimate_by_as_much(tmp_path: Path):
    here = write_clip(tmp_path / "a.mp4", hum(6, ahead=0.03))
    there = write_clip(tmp_path / "b.mp4", hum(6, ahead=0.03), late=0.08)
    one, two = (seen(driving(tmp_path, clip)).report["av_offset_ms"] for clip in (here, there))
    assert one == pytest.approx(30, abs=5)
    assert two - one == pytest.approx(-80, abs=5)


def test_the_mouth_moves_by_the_offset_asked_for(tmp_path: Path):
    clip = write_clip(tmp_path / "a.mp4", hum(6, ahead=0.06))
    audio = write_wav(tmp_path / "dub.wav", hum(6, ahead=90))
    found = {
        word: seen(driving(tmp_path, clip, word, audio=audio))
        for word in ("sync.offset=auto", "sync.offset=0", "sync.offset=200", "sync.offset=-120")
    }
    curves = {word: driven.cues.aperture.astype(float) for word, driven in found.items()}
    exact = curves["sync.offset=0"]
    assert np.allclose(curves["sync.offset=200"][5:], exact[:-5], atol=1e-6)
    assert np.allclose(curves["sync.offset=-120"][:-3], exact[3:], atol=1e-6)
    assert [found[word].report["applied_offset_ms"] for word in list(found)[1:]] == [0, 200, -120]
    assert all(driven.report["av_offset_ms"] == pytest.approx(60, abs=5) for driven in found.values())
    auto = curves["sync.offset=auto"][9:-9]
    likeness = [np.corrcoef(auto, np.roll(exact, lag)[9:-9])[0, 1] for lag in range(4)]
    assert int(np.argmax(likeness)) in (1, 2)  # 60 ms are a frame and a half


def test_delay_moves_sound_and_mouth_together(tmp_path: Path):
    clip = write_clip(tmp_path / "a.mp4", None)
    audio = write_wav(tmp_path / "dub.wav", hum(6, ahead=90))
    here, there = (
        driving(tmp_path, clip, f"sync.delay_ms={ms}", audio=audio).cues(None).cues for ms in (0, 80)
    )
    assert np.allclose(there.aperture[2:], here.aperture[:-2], atol=1e-6)


def test_another_sound_drives_the_mouth_and_the_first_is_heard(tmp_path: Path):
    clip = write_clip(tmp_path / "a.mp4", None)
    mix = write_wav(tmp_path / "mix.wav", 0.1 + 0 * hum(6))
    vocals = write_wav(tmp_path / "vocals.wav", hum(6, ahead=20))
    config = load_config([f"video={clip}", f"audio={mix}", f"audio.drive={vocals}"])
    inputs = open_inputs(config, tmp_path)
    assert (inputs.sound.path, inputs.drive.path) == (str(mix), str(vocals))
    assert inputs.drive_hash != inputs.audio_hash
    said = open_driving(config, inputs, Loud(), tmp_path).cues(None).cues.aperture
    plain = driving(tmp_path, clip, audio=vocals).cues(None).cues.aperture
    assert (said == plain).all()
    alone = open_inputs(load_config([f"video={clip}", f"audio={mix}"]), tmp_path)
    assert alone.drive is alone.sound
    assert alone.drive_hash == alone.audio_hash == inputs.audio_hash


def test_a_drive_goes_with_pieces_of_sound(tmp_path: Path):
    clip = write_clip(tmp_path / "a.mp4", None)
    piece = write_wav(tmp_path / "piece.wav", hum(2, ahead=10))
    vocals = write_wav(tmp_path / "vocals.wav", hum(6, ahead=20))
    words = (f"audio.segments=[{{start: 1, file: '{piece}'}}]", f"audio.drive={vocals}")
    config = load_config([f"video={clip}", *words])
    inputs = open_inputs(config, tmp_path)
    said = open_driving(config, inputs, Loud(), tmp_path).cues(None).cues.aperture
    plain = driving(tmp_path, clip, audio=vocals).cues(None).cues.aperture
    assert (said == plain).all()


def test_a_drive_of_another_length_is_told(tmp_path: Path, caplog: pytest.LogCaptureFixture):
    clip = write_clip(tmp_path / "a.mp4", None)
    mix = write_wav(tmp_path / "mix.wav", hum(6))
    for seconds, told in ((5.6, False), (5.4, True), (6.7, True)):
        caplog.clear()
        vocals = write_wav(tmp_path / "vocals.wav", hum(seconds))
        driving(tmp_path, clip, f"audio.drive={vocals}", audio=mix)
        assert ("audio.drive is" in caplog.text) == told


def test_a_drive_that_cannot_be_read_is_one_line(tmp_path: Path):
    clip = write_clip(tmp_path / "a.mp4", None)
    empty = write_wav(tmp_path / "empty.wav", np.zeros(0))
    text = tmp_path / "text.wav"
    text.write_text("no sound")
    for path in (empty, text, tmp_path / "none.wav", clip):
        with pytest.raises(AudioUnreadable, match=r"^audio\.drive: ") as caught:
            driving(tmp_path, clip, f"audio.drive={path}")
        assert path.name in str(caught.value)
        assert "\n" not in str(caught.value)


def test_own_pauses_are_handed_over_where_the_sound_is_the_mouth_s_own(tmp_path: Path):
    sound = hum(6, ahead=0.08)
    sound[3 * RATE : 4 * RATE] = 0
    own = seen(driving(tmp_path, write_clip(tmp_path / "a.mp4", sound))).own_speech
    assert own is not None
    assert own.shape == (150,)
    assert np.isnan(own[:2]).all()  # seen before the sound begins
    assert (own[3:70] == 1).all()
    assert (own[82:98] == 0).all()  # 3.08 to 4.08 s of the picture, and what the model adds around
    assert (own[105:] == 1).all()
    other = write_clip(tmp_path / "b.mp4", hum(6, ahead=2.7))
    driven = seen(driving(tmp_path, other))
    assert driven.own_speech is None
    assert driven.report["av_offset_ms"] is None
    assert driven.report["applied_offset_ms"] == 0


def test_a_source_without_a_usable_sound_is_dubbed_all_the_same(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
):
    silent = driving(tmp_path, write_clip(tmp_path / "silent.mp4", None))
    assert seen(silent).report["own_sound"] == "none"
    clip = write_clip(tmp_path / "broken.mkv", hum(6), codec="flac")
    data = bytearray(clip.read_bytes())
    with av.open(str(clip)) as container:
        places = [(p.pos, p.size) for p in container.demux(container.streams.audio[0]) if p.size]
    for place, size in places:
        data[place : place + size + 8] = bytes(size + 8)
    clip.write_bytes(data)
    broken = driving(tmp_path, clip)
    assert seen(broken).report["own_sound"] in ("unreadable", "heard")
    assert seen(broken).report["applied_offset_ms"] == 0
    blind = driving(tmp_path, write_clip(tmp_path / "a.mp4", hum(6))).cues(None)
    assert blind.report["own_sound"] == "no mouth is measured"
    nan = np.full(150, np.nan)
    unseen = MeasuredMouth(times=np.arange(150) / 25, aperture=nan, width=nan)
    assert driving(tmp_path, tmp_path / "a.mp4").cues(unseen).report["own_sound"] == "no mouth is measured"


def test_asking_twice_gives_the_same(tmp_path: Path):
    driven_by = driving(tmp_path, write_clip(tmp_path / "a.mp4", hum(6)))
    one, two = seen(driven_by), seen(driven_by)
    assert one.report == two.report
    assert (one.cues.aperture == two.cues.aperture).all()


def test_the_switch_leaves_only_the_habit_out(tmp_path: Path):
    clip = write_clip(tmp_path / "a.mp4", hum(12, ahead=0.05), seconds=12.0)
    on, off = (
        seen(driving(tmp_path, clip, f"speech.adapt={switch}"), 12.0).report for switch in ("true", "false")
    )
    assert off["adaptation"] == {"used": False, "why": "switched off"}
    assert on["adaptation"]["speech_s"] == pytest.approx(12, abs=0.3)
    assert {**on, "adaptation": 0} == {**off, "adaptation": 0}


def test_all_of_it_reaches_the_output(media_dir: Path, tmp_path: Path):
    """A real face whose sound, by chance, is as loud as a known mouth is open."""
    source = media_dir / "talk_closeup_590.mp4"
    clip, drive = tmp_path / "clip.mp4", write_wav(tmp_path / "drive.wav", hum(5, ahead=30))
    with_sound(source, hum(5, ahead=0.07), clip)
    words = [f"video={clip}", f"audio={ROOT / 'examples' / 'hello.wav'}", "ray.cluster=none"]
    words += [
        "engine.name=tests.toy_engines:Seer",
        "encode.preset=ultrafast",
        "quality.enabled=false",
        f"cache.dir={tmp_path / 'cache'}",
    ]
    digests = []
    cases = ((), (), (f"audio.drive={drive}",), ("sync.offset=0",), ("sync.offset=-30",))
    for number, case in enumerate(cases):
        out = tmp_path / f"{number}.mp4"
        dub(load_config([*words, f"out={out}", *case]), speech=Loud())
        told = json.loads(out.with_suffix(".json").read_text())
        digests.append(told["preparation"])
        assert told["report"]["av_offset_ms"] == pytest.approx(70, abs=5)
        assert (told["plan"]["drive_hash"] != told["plan"]["audio_hash"]) == (number == 2)
    assert digests[0] == digests[1]
    assert len(set(digests)) == 4
    triage = plan(load_config([*words, f"audio.drive={drive}"]))
    assert triage.sound["mouth_follows"] == "drive.wav"
    assert any("audio.drive is" in warning for warning in triage.warnings)
    with pytest.raises(ConfigError, match=r"is the audio\.drive itself"):
        dub(load_config([*words, f"video={source}", f"audio.drive={clip}", f"out={clip}"]))


def with_sound(source: Path, sound: np.ndarray, path: Path) -> None:
    """The source's own video packets, with another sound."""
    with av.open(str(source)) as given, av.open(str(path), "w") as out:
        video = given.streams.video[0]
        stream = out.add_stream_from_template(video)
        track = out.add_stream("aac", rate=RATE, layout="mono")
        for packet in given.demux(video):
            if packet.size:
                packet.stream = stream
                out.mux(packet)
        for start in range(0, len(sound), 960):
            frame = av.AudioFrame.from_ndarray(sound[None, start : start + 960], "fltp", "mono")
            frame.sample_rate, frame.pts, frame.time_base = RATE, start, Fraction(1, RATE)
            out.mux(track.encode(frame))
        out.mux(track.encode(None))
