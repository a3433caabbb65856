from __future__ import annotations

import logging
from fractions import Fraction

import av
import numpy as np
import pytest

from lipsync_ray.errors import ConfigError, EncodeFailed, OutputMismatch
from lipsync_ray.media.audio import probe_audio
from lipsync_ray.media.delivery import promised_end
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.index import build_table
from lipsync_ray.media.mux import KeepSettings, mux, verify
from lipsync_ray.media.subtitles import ASS_HEADER, from_text, to_text
from lipsync_ray.media.timeline import SyncSettings, build_timeline
from tests.media.output_clips import (
    decoded,
    encode_sound,
    lag,
    load_samples,
    noise,
    picture,
    planes_of,
    read_video,
    table_of,
    timeline_of,
    write_segments,
    write_wav,
)

QUICK = EncodeSettings(codec="libx264", crf=12, preset="veryfast")
NOTHING = KeepSettings(audio=False, subtitles=False, chapters=False, metadata=False)
EXTENSIONS = [".mp4", ".mov", ".mkv"]
VFR = np.cumsum([507, *np.random.default_rng(1).choice([512, 1024], 59)])
STILL = table_of([0], still=True)  # a table whose file has nothing else to keep


def vfr(sound=None):
    return timeline_of(VFR, Fraction(1, 15360), 512, sound)


def ntsc(sound=None):
    return timeline_of([1001 * k for k in range(90)], Fraction(1, 30000), 1001, sound, Fraction(30000, 1001))


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("clock", [vfr, ntsc])
def test_pictures_and_times_are_the_segments(tmp_path, clock, extension):
    timeline = clock()
    segments = write_segments(tmp_path, timeline, [20, 21], EncodeSettings(preset="medium"))
    dub = write_wav(tmp_path / "dub.wav", noise(float(timeline.duration), 16000), 16000)
    out = tmp_path / f"out{extension}"
    mux(out, segments, STILL, timeline, probe_audio(dub), NOTHING, QUICK)
    tick = Fraction(1, 1000) if extension == ".mkv" else Fraction(0)
    found = list(read_video(out))
    assert [shown for _, shown in found] == decoded(segments)
    for (time, _), expected in zip(found, timeline.pts, strict=True):
        assert abs(time - int(expected) * timeline.time_base) <= tick
    checked = verify(out, timeline)
    assert checked.frames == len(timeline)
    assert checked.audio_seconds == pytest.approx(float(timeline.duration), abs=0.03)
    with av.open(str(out)) as container:
        assert container.duration / 1e6 == pytest.approx(float(timeline.duration), abs=0.06)
        assert float(container.streams.video[0].average_rate or 0) < 60  # PyAV 18.0 knows none here


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize(
    ("name", "codec"),
    [
        ("d.wav", "pcm_s16le"),
        ("d.mp3", "libmp3lame"),
        ("d.m4a", "aac"),
        ("d.mka", "libopus"),
        ("d.flac", "flac"),
    ],
)
def test_the_dub_keeps_its_time_and_its_codec_where_it_can(tmp_path, name, codec, extension):
    timeline = ntsc()
    segments = write_segments(tmp_path, timeline, [], QUICK)
    sound = noise(float(timeline.duration), 48000)
    dub = encode_sound(tmp_path / name, codec, sound, 48000)
    out = tmp_path / f"out{extension}"
    mux(out, segments, STILL, timeline, probe_audio(dub), NOTHING, QUICK)
    verify(out, timeline)
    expected = {
        ("pcm_s16le", ".mp4"): "aac",
        ("libopus", ".mov"): "aac",
        ("flac", ".mov"): "aac",
        ("libmp3lame", ".mkv"): "opus",
        ("aac", ".mkv"): "opus",
    }.get((codec, extension), codec.replace("libmp3lame", "mp3").replace("libopus", "opus"))
    info = probe_audio(out)
    assert (info.codec, info.rate, info.channels) == (expected, 48000, 1)
    assert lag(load_samples(out), load_samples(dub)) + float(info.start) * 16000 == pytest.approx(0, abs=20)


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize(("name", "codec"), [("d.m4a", "aac"), ("d.mp3", "libmp3lame")])
def test_the_first_moment_sounds_like_all_others(tmp_path, name, codec, extension):
    """Priming that is dropped with its packet would leave the first block half decoded."""
    timeline = ntsc()
    segments = write_segments(tmp_path, timeline, [], QUICK)
    seconds = np.arange(round(float(timeline.duration) * 16000)) / 16000
    dub = encode_sound(tmp_path / name, codec, 0.5 * np.sin(2 * np.pi * 220 * seconds), 16000)
    out = tmp_path / f"out{extension}"
    mux(out, segments, STILL, timeline, probe_audio(dub), NOTHING, QUICK)
    given, heard = load_samples(dub), load_samples(out)
    error = [np.abs(given[a : a + 1000] - heard[a : a + 1000]).mean() for a in (200, 8000)]
    assert error[0] < error[1] + 0.03


def click_and_flash(number: int, flash: int) -> list[np.ndarray]:
    y, u, v = picture(number)
    return [np.full_like(y, 235 if number == flash else 16), np.full_like(u, 128), np.full_like(v, 128)]


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("clock", [vfr, ntsc])
@pytest.mark.parametrize("name", ["dub.wav", "dub.m4a"])
def test_a_click_is_heard_when_its_flash_is_seen(tmp_path, clock, extension, name):
    timeline = clock()
    flash = 37
    moment = float(timeline.times()[flash])
    pictures = [click_and_flash(number, flash) for number in range(len(timeline))]
    segments = write_segments(tmp_path, timeline, [30], QUICK, pictures=pictures)
    sound = np.zeros(int(float(timeline.duration) * 44100))
    begin = round(moment * 44100)
    sound[begin : begin + 60] = 0.9
    if name == "dub.wav":
        dub = write_wav(tmp_path / name, sound, 44100)
    else:
        dub = encode_sound(tmp_path / name, "aac", sound, 44100)
    out = tmp_path / f"out{extension}"
    mux(out, segments, STILL, timeline, probe_audio(dub), NOTHING, QUICK)
    with av.open(str(out)) as container:
        levels = [(float(f.time), planes_of(f)[0].mean()) for f in container.decode(video=0)]
        container.seek(0)
        heard = [(float(f.time), f.rate, f.to_ndarray().astype(float)[0]) for f in container.decode(audio=0)]
    seen = max(levels, key=lambda level: level[1])[0]
    loudest = max(heard, key=lambda part: np.abs(part[2]).max())
    click = loudest[0] + int(np.argmax(np.abs(loudest[2]))) / loudest[1]
    half_a_frame = 0.5 * 512 / 15360
    assert abs(click - seen) < half_a_frame
    assert abs(seen - moment) < 0.0011


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("sound", [Fraction(2), Fraction(4)])
@pytest.mark.parametrize("name", ["d.wav", "d.m4a"])
def test_the_track_is_as_long_as_the_timeline_says(tmp_path, extension, sound, name):
    timeline = ntsc()  # 3.003 s
    segments = write_segments(tmp_path, timeline, [], QUICK)
    codec = "aac" if name == "d.m4a" else "pcm_s16le"
    dub = encode_sound(tmp_path / name, codec, noise(float(sound), 16000), 16000)
    out = tmp_path / f"out{extension}"
    mux(out, segments, STILL, timeline, probe_audio(dub), NOTHING, QUICK)
    assert verify(out, timeline).audio_seconds == pytest.approx(3.003, abs=0.07)
    assert lag(load_samples(out)[:32000], load_samples(dub)[:32000]) == pytest.approx(0, abs=1)


@pytest.mark.parametrize("extension", EXTENSIONS)
def test_packets_too_long_to_be_cut_are_encoded(tmp_path, extension):
    timeline = ntsc()
    segments = write_segments(tmp_path, timeline, [], QUICK)
    dub = encode_sound(tmp_path / "d.flac", "flac", noise(4, 8000), 8000)  # packets of 0.58 s
    out = tmp_path / f"out{extension}"
    mux(out, segments, STILL, timeline, probe_audio(dub), NOTHING, QUICK)
    assert verify(out, timeline).audio_seconds == pytest.approx(3.003, abs=0.03)


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize(("channels", "rate"), [(6, 44100), (2, 192000), (3, 22050), (1, 7000), (8, 48000)])
def test_odd_sounds_are_delivered(tmp_path, extension, channels, rate):
    timeline = ntsc()
    segments = write_segments(tmp_path, timeline, [], QUICK)
    sound = np.stack([noise(3.1, rate, seed) for seed in range(channels)], 1)
    out = tmp_path / f"out{extension}"
    dub = write_wav(tmp_path / "d.wav", sound, rate)
    mux(out, segments, STILL, timeline, probe_audio(dub), NOTHING, EncodeSettings(audio_codec="aac"))
    verify(out, timeline)
    info = probe_audio(out)
    assert info.channels == channels
    assert info.rate == min(96000, max(8000, rate))


def test_a_copy_that_is_insisted_on_ends_early(tmp_path):
    timeline = ntsc()
    segments = write_segments(tmp_path, timeline, [], QUICK)
    dub = encode_sound(tmp_path / "d.m4a", "aac", noise(2, 48000), 48000)
    mux(
        tmp_path / "o.mp4",
        segments,
        STILL,
        timeline,
        probe_audio(dub),
        NOTHING,
        EncodeSettings(audio_codec="copy"),
    )
    with pytest.raises(OutputMismatch, match=r"of sound, expected 3\.003"):
        verify(tmp_path / "o.mp4", timeline)
    end = promised_end(probe_audio(dub), "o.mp4", EncodeSettings(audio_codec="copy"), timeline)
    assert verify(tmp_path / "o.mp4", timeline, audio_end=end).audio_codec == "aac"
    assert promised_end(probe_audio(dub), "o.mp4", QUICK, timeline) == timeline.audio_end
    wav = write_wav(tmp_path / "d.wav", noise(2, 48000), 48000)
    with pytest.raises(EncodeFailed, match="cannot be copied into mp4"):
        mux(
            tmp_path / "p.mp4",
            segments,
            STILL,
            timeline,
            probe_audio(wav),
            NOTHING,
            EncodeSettings(audio_codec="copy"),
        )


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize("delay_ms", [250, -250])
def test_a_delay_moves_the_sound(tmp_path, extension, delay_ms):
    table = table_of([512 * k for k in range(75)])
    timeline = build_timeline(table, Fraction(3), SyncSettings(delay_ms=delay_ms))
    segments = write_segments(tmp_path, timeline, [], QUICK)
    dub = write_wav(tmp_path / "dub.wav", noise(3, 16000), 16000)
    out = tmp_path / f"out{extension}"
    mux(out, segments, STILL, timeline, probe_audio(dub), NOTHING, QUICK)
    verify(out, timeline)
    assert lag(load_samples(out), load_samples(dub)) == pytest.approx(delay_ms * 16, abs=1)


def make_source(path, text_codec: str):
    """A clip with speech, music, text subtitles, chapters and a title, 2 s long."""
    with av.open(str(path), "w") as output:
        video = output.add_stream("libx264", 25)
        video.width, video.height = 64, 48
        sounds = [output.add_stream("aac", 48000) for _ in range(2)]
        for sound, language in zip(sounds, ("eng", "deu"), strict=True):
            sound.layout = "mono"
            sound.metadata["language"] = language
        sounds[0].disposition, sounds[1].disposition = 1, 0
        text = output.add_stream(text_codec)
        text.codec_context.subtitle_header = ASS_HEADER
        text.time_base = text.codec_context.time_base = Fraction(1, 1000)
        text.metadata["language"] = "fra"
        output.metadata["title"] = "A title"
        second = {"time_base": Fraction(1, 1000), "metadata": {"title": "Two"}}
        first = {"time_base": Fraction(1, 1000), "metadata": {"title": "One"}}
        output.set_chapters(
            [{"id": 1, "start": 0, "end": 800, **first}, {"id": 2, "start": 800, "end": 2000, **second}]
        )
        for number in range(50):
            frame = av.VideoFrame(64, 48, "yuv420p")
            for target, plane in zip(frame.planes, picture(number), strict=True):
                lines = np.frombuffer(memoryview(target), np.uint8).reshape(-1, target.line_size)
                lines[:, : plane.shape[1]] = plane
            frame.pts = number
            output.mux(video.encode(frame))
        output.mux(video.encode(None))
        for seed, sound in enumerate(sounds):
            samples = noise(2, 48000, seed).astype(np.float32)[None]
            frame = av.AudioFrame.from_ndarray(samples, format="fltp", layout="mono")
            frame.sample_rate, frame.pts = 48000, 0
            output.mux(sound.encode(frame))
            output.mux(sound.encode(None))
        for begin, words in ((400, "Héllo"), (1200, "two\nlines")):
            packet = av.Packet(from_text(words, text_codec))
            packet.time_base, packet.stream = Fraction(1, 1000), text
            packet.pts = packet.dts = begin
            packet.duration = 500
            output.mux(packet)
    return path


def texts(path) -> list[tuple[float, float, str]]:
    with av.open(str(path)) as container:
        stream = container.streams.subtitles[0]
        codec = stream.codec_context.codec.canonical_name
        return [
            (float(p.pts * p.time_base), float(p.duration * p.time_base), words)
            for p in container.demux(stream)
            if p.size and (words := to_text(bytes(p), codec))
        ]


def dub_over(tmp_path, source, extension, keep, mode="silence", seconds=2.0):
    table = build_table(source)
    timeline = build_timeline(table, Fraction(str(seconds)), SyncSettings(mode=mode))
    segments = write_segments(tmp_path, timeline, [], QUICK)
    dub = write_wav(tmp_path / "dub.wav", noise(seconds, 48000, 9), 48000)
    out = tmp_path / f"out{extension}"
    mux(out, segments, table, timeline, probe_audio(dub), keep, QUICK)
    verify(out, timeline)
    return out


@pytest.mark.parametrize("extension", EXTENSIONS)
@pytest.mark.parametrize(("source", "text_codec"), [("s.mp4", "mov_text"), ("s.mkv", "subrip")])
def test_the_source_keeps_all_but_its_speech(tmp_path, source, text_codec, extension):
    out = dub_over(tmp_path, make_source(tmp_path / source, text_codec), extension, KeepSettings())
    with av.open(str(out)) as container:
        dub, music = container.streams.audio
        assert dub.disposition & 1
        assert not music.disposition & 1
        assert container.streams.subtitles[0].metadata["language"] == "fra" or extension == ".mov"
        assert music.metadata.get("language") == "deu" or extension == ".mov"
        assert container.metadata["title"] == "A title"
        chapters = [
            (float(c["start"] * c["time_base"]), float(c["end"] * c["time_base"]), c["metadata"]["title"])
            for c in container.chapters()
        ]
        container.seek(0)
        heard = np.concatenate([f.to_ndarray()[0] for f in container.decode(music)])
    assert chapters == [(0, 0.8, "One"), (0.8, 2.0, "Two")]
    assert abs(lag(heard, noise(2, 48000, 1))) < 1200  # Matroska without a delay field: a packet at most
    assert lag(load_samples(out), noise(2, 16000 * 3, 9)[::3]) == pytest.approx(0, abs=2)
    found = texts(out)
    assert [words for _, _, words in found] == ["Héllo", "two\nlines"]
    assert [begin for begin, _, _ in found] == pytest.approx([0.4, 1.2], abs=0.03)
    assert [length for _, length, _ in found] == pytest.approx([0.5, 0.5], abs=0.01)


def test_nothing_is_kept_if_so_asked(tmp_path):
    out = dub_over(tmp_path, make_source(tmp_path / "s.mkv", "subrip"), ".mkv", NOTHING)
    with av.open(str(out)) as container:
        assert [stream.type for stream in container.streams] == ["video", "audio"]
        assert "title" not in container.metadata
        assert container.chapters() == []


def test_remap_moves_texts_and_chapters_and_names_what_it_drops(tmp_path, caplog):
    source = make_source(tmp_path / "s.mkv", "subrip")
    with caplog.at_level(logging.WARNING):
        out = dub_over(tmp_path, source, ".mkv", KeepSettings(), "remap", 3.0)
    assert any("dropped audio track 2 (aac, deu)" in r.message for r in caplog.records)
    stretch = 3 / float(build_table(source).duration)
    assert [begin for begin, _, _ in texts(out)] == pytest.approx([0.4 * stretch, 1.2 * stretch], abs=0.03)
    with av.open(str(out)) as container:
        assert len(container.streams.audio) == 1
        assert container.chapters()[1]["start"] * container.chapters()[1]["time_base"] == pytest.approx(
            Fraction(4, 5) * Fraction(stretch), abs=0.03
        )


def test_tracks_end_with_the_picture(tmp_path):
    out = dub_over(
        tmp_path, make_source(tmp_path / "s.mp4", "mov_text"), ".mp4", KeepSettings(), "cut_off", 1.0
    )
    with av.open(str(out)) as container:
        ends = [float((p.pts + p.duration) * p.time_base) for p in container.demux() if p.size]
    assert max(ends) < 1.05
    assert [words for _, _, words in texts(out)] == ["Héllo"]


@pytest.mark.parametrize(
    ("codec", "payload", "words"),
    [
        ("mov_text", b"\x00\x02hi\x00\x00\x00\x0cstyl\x00\x00\x00\x00", "hi"),
        ("mov_text", b"\x00\x00", ""),
        ("subrip", b"<i>one</i>\r\ntwo 3 < 4", "one\ntwo 3 < 4"),
        ("ass", b"0,0,Default,,0,0,0,,{\\b1}one,\\Ntwo{\\b0}", "one,\ntwo"),
        ("webvtt", b"<c.red>one</c>", "one"),
        ("text", b"broken \xff", "broken �"),
    ],
)
def test_words_are_found_in_every_form(codec, payload, words):
    assert to_text(payload, codec) == words


def test_a_wrong_file_is_told_from_the_promise(tmp_path):
    timeline = ntsc()
    segments = write_segments(tmp_path, timeline, [], QUICK)
    dub = write_wav(tmp_path / "dub.wav", noise(3, 16000), 16000)
    out = tmp_path / "out.mp4"
    mux(out, segments, STILL, timeline, probe_audio(dub), NOTHING, QUICK)
    late = timeline_of([*timeline.pts[:50], *(timeline.pts[50:] + 500)], timeline.time_base, 1001)
    with pytest.raises(OutputMismatch, match=r"frame 50 at 1\.668333 s, expected 1\.685000 s \(40 differ\)"):
        verify(out, late)
    with pytest.raises(OutputMismatch, match="90 frames, expected 60"):
        verify(out, vfr())
    with pytest.raises(OutputMismatch, match="no sound"):
        verify(segments[0], timeline)
    out.write_bytes(out.read_bytes()[:5000])
    with pytest.raises(OutputMismatch):
        verify(out, timeline)


def test_an_unknown_extension_is_named(tmp_path):
    sound = probe_audio(write_wav(tmp_path / "d.wav", noise(1, 16000), 16000))
    with pytest.raises(ConfigError, match=r"\.mp4, \.m4v, \.mov, \.mkv"):
        mux(tmp_path / "out.avi", [], STILL, ntsc(), sound, NOTHING, QUICK)


def test_the_vfr_clip_keeps_its_times(media_dir, tmp_path):
    table = build_table(media_dir / "talk_vfr_700.mp4")
    speech = media_dir / "speech_en_5s.wav"
    timeline = build_timeline(table, probe_audio(speech).duration, SyncSettings())
    segments = write_segments(tmp_path, timeline, [60], QUICK)
    for extension in EXTENSIONS:
        out = tmp_path / f"out{extension}"
        mux(out, segments, table, timeline, probe_audio(speech), KeepSettings(), QUICK)
        checked = verify(out, timeline)
        assert (checked.frames, round(checked.seconds, 3)) == (135, 6.133)
        with av.open(str(out)) as container:
            assert float(next(container.decode(video=0)).time) == pytest.approx(0.033, abs=0.0006)
