from __future__ import annotations

import logging
import subprocess
import sys
import wave
from fractions import Fraction

import av
import numpy as np
import pytest

from lipsync_ray.errors import AudioUnreadable, ConfigError
from lipsync_ray.media.audio import probe_audio
from lipsync_ray.media.audio_segments import AudioPiece, AudioSettings, assemble_segments
from lipsync_ray.media.sample_file import store_samples
from tests.media.output_clips import encode_sound, lag, load_samples, noise, write_wav

RATE = 44100
KINDS = [("a.mp3", "libmp3lame"), ("a.m4a", "aac"), ("a.flac", "flac"), ("a.mka", "libopus"), ("a.ts", "aac")]


def test_samples_are_read_slice_by_slice(tmp_path):
    path = write_wav(tmp_path / "a.wav", noise(1, 16000), 16000)
    stored = store_samples(path, tmp_path / "samples")
    whole = stored[0:]
    assert len(stored) == len(whole) == 16000
    assert np.array_equal(stored[400:1000], whole[400:1000])
    assert np.array_equal(stored[15990:17000], whole[15990:])
    assert len(stored[20000:21000]) == 0


@pytest.mark.parametrize(("name", "codec"), KINDS)
def test_any_format_gives_the_same_sound(tmp_path, name, codec):
    rate = 48000 if codec == "libopus" else RATE
    path = encode_sound(tmp_path / name, codec, noise(2, rate), rate)
    info = probe_audio(path)
    assert float(info.duration) == pytest.approx(2, abs=0.06)
    assert (info.rate, info.channels) == (rate, 1)
    samples = load_samples(path)
    assert samples.dtype == np.float32
    reference = load_samples(write_wav(tmp_path / "reference.wav", noise(2, rate), rate))
    # The transport stream has no field for encoder delay: 1024 samples of it are heard.
    delay = 1024 * 16000 / RATE if name == "a.ts" else 0
    assert lag(samples, reference) == pytest.approx(delay, abs=1)


def test_a_wav_is_read_exactly(tmp_path):
    samples = noise(1.5, 16000)
    path = write_wav(tmp_path / "a.wav", samples, 16000)
    info = probe_audio(path)
    assert (info.duration, info.codec) == (Fraction(3, 2), "pcm_s16le")
    assert load_samples(path) == pytest.approx(samples, abs=2 / 32767)


def test_channels_are_mixed(tmp_path):
    left, right = noise(1, 16000, 1), noise(1, 16000, 2)
    path = write_wav(tmp_path / "a.wav", np.stack([left, right], 1), 16000)
    assert probe_audio(path).channels == 2
    assert load_samples(path) == pytest.approx((left + right) / 2, abs=1e-3)


def test_a_header_that_lies_is_not_believed(tmp_path):
    path = write_wav(tmp_path / "a.wav", noise(2, 16000), 16000)
    data = path.read_bytes()
    path.write_bytes(data[: 44 + 32000])  # half of the sound is missing
    assert float(probe_audio(path).duration) == pytest.approx(1, abs=0.01)
    assert len(load_samples(path)) == 16000


def test_samples_that_are_not_numbers_are_silence(tmp_path, caplog):
    samples = noise(1, 16000).astype(np.float32)
    samples[100:110] = np.nan
    samples[200] = np.inf
    path = encode_sound(tmp_path / "a.wav", "pcm_f32le", samples, 16000)
    with caplog.at_level(logging.WARNING):
        found = load_samples(path)
    assert np.isfinite(found).all()
    assert not found[100:110].any()
    assert len([r for r in caplog.records if "not numbers" in r.message]) == 1


def test_a_sound_of_damaged_packets_is_named(tmp_path):
    """FFmpeg calls some of what it cannot decode "not permitted", which is no fault of the disk."""
    path = encode_sound(tmp_path / "a.m4a", "aac", noise(1, RATE), RATE)
    with av.open(str(path)) as container:
        places = [(packet.pos, packet.size) for packet in container.demux(audio=0) if packet.size]
    data = bytearray(path.read_bytes())
    for place, size in places:
        data[place : place + size] = b"\xab" * size
    path.write_bytes(data)
    with pytest.raises(AudioUnreadable, match="no sample of it can be decoded"):
        probe_audio(path)


def test_what_holds_no_sound_is_named(tmp_path):
    (tmp_path / "text.wav").write_text("not a sound")
    (tmp_path / "empty.wav").write_bytes(b"")
    write_wav(tmp_path / "none.wav", np.zeros(0), 16000)
    for name in ("text.wav", "empty.wav", "none.wav", "missing.wav"):
        with pytest.raises(AudioUnreadable, match=name):
            probe_audio(tmp_path / name)
        with pytest.raises(AudioUnreadable, match=name):
            load_samples(tmp_path / name)


def test_a_video_without_sound_is_named(tmp_path):
    import av

    with av.open(str(tmp_path / "mute.mp4"), "w") as container:
        stream = container.add_stream("libx264", 25)
        stream.width = stream.height = 64
        container.mux(stream.encode(av.VideoFrame(64, 64, "yuv420p")))
        container.mux(stream.encode(None))
    with pytest.raises(AudioUnreadable, match="no sound track"):
        probe_audio(tmp_path / "mute.mp4")


def assembled(tmp_path, entries, length=Fraction(4), **options):
    settings = AudioSettings(segments=entries, **options)
    source = options.get("keep_other") and tmp_path / "other.wav"
    path = assemble_segments(settings, tmp_path / "dub.wav", length=length, source=source or None)
    with wave.open(str(path)) as file:
        assert file.getnframes() == round(length * file.getframerate())
    return load_samples(path)


def test_pieces_lie_at_their_times(tmp_path):
    one = write_wav(tmp_path / "one.wav", noise(1, 16000, 1), 16000)
    two = encode_sound(tmp_path / "two.m4a", "aac", noise(1, 16000, 2), 16000)
    found = assembled(
        tmp_path,
        [{"start": 2.5, "end": 3.25, "file": str(two)}, {"start": 0.75, "end": 2.5, "file": str(one)}],
    )
    assert not found[:12000].any()
    assert not found[28000:40000].any()
    assert not found[52000:].any()
    assert lag(found[:28000], noise(1, 16000, 1)) == 12000
    assert lag(found[36000:], noise(1, 16000, 2)) == 4000
    inside = slice(12000 + 200, 28000 - 200)
    assert found[inside] == pytest.approx(noise(1, 16000, 1)[200:-200], abs=2e-4)


def test_pieces_begin_and_end_in_silence(tmp_path):
    path = write_wav(tmp_path / "one.wav", np.full(44100, 0.5), 44100)
    found = assembled(tmp_path, [{"start": 1, "end": 1.5, "file": str(path)}], fade_ms=10)
    steps = np.abs(np.diff(found))
    assert steps.max() < 0.03
    assert found[16000 + 400] == pytest.approx(0.5, abs=0.01)


def test_gaps_hold_the_other_sound_if_asked(tmp_path):
    other = noise(4, 16000, 5)
    write_wav(tmp_path / "other.wav", other, 16000)
    one = write_wav(tmp_path / "one.wav", noise(1, 16000, 1), 16000)
    found = assembled(tmp_path, [AudioPiece(start=1.5, end=2.5, file=str(one))], keep_other=True)
    assert found[200:23800] == pytest.approx(other[200:23800], abs=2e-4)
    assert found[40200:63800] == pytest.approx(other[40200:63800], abs=2e-4)
    assert found[24200:39800] == pytest.approx(noise(1, 16000, 1)[200:15800], abs=2e-4)


def test_a_piece_without_end_gives_way_to_the_next(tmp_path):
    one = write_wav(tmp_path / "one.wav", np.full(32000, 0.5), 16000)
    two = write_wav(tmp_path / "two.wav", np.full(8000, -0.25), 16000)
    found = assembled(tmp_path, [{"start": 0, "file": str(one)}, {"start": 1, "file": str(two)}], fade_ms=0)
    assert np.allclose(found[:16000], 0.5, atol=1e-3)
    assert np.allclose(found[16000:24000], -0.25, atol=1e-3)
    assert not found[24000:].any()


@pytest.mark.parametrize(
    ("entries", "words"),
    [
        ([], "empty"),
        ([{"start": -1, "end": 1}], r"segments\[0\]\.start=-1"),
        ([{"start": 1, "end": 1}], r"segments\[0\]\.end=1"),
        (
            [{"start": 2, "end": 3}, {"start": 0, "end": 2.5}],
            r"segments\[0\] starts at 2 s, before .*\[1\] ends",
        ),
        (
            [{"start": 0, "end": 1}, {"start": 3, "end": 9}],
            r"segments\[1\] lies at 3 to 9 s; the video ends at 4",
        ),
        ([{"start": 5}], r"segments\[0\] lies at 5 s"),
        ([{"start": 0, "stop": 1}], r"segments\[0\] has unknown fields \['stop'\]"),
        ([{"end": 1}], r"segments\[0\] must be"),
        ([7], r"segments\[0\] must be"),
    ],
)
def test_wrong_entries_are_named(tmp_path, entries, words):
    path = write_wav(tmp_path / "one.wav", noise(1, 16000), 16000)
    filled = [entry | {"file": str(path)} if isinstance(entry, dict) else entry for entry in entries]
    with pytest.raises(ConfigError, match=words):
        assembled(tmp_path, filled)


def test_an_unreadable_piece_is_named(tmp_path):
    with pytest.raises(AudioUnreadable, match=r"segments\[0\].*gone\.wav"):
        assembled(tmp_path, [{"start": 0, "file": str(tmp_path / "gone.wav")}])


def test_pydub_is_imported_late_and_does_not_complain(tmp_path):
    path = write_wav(tmp_path / "one.wav", noise(1, 16000), 16000)
    code = (
        "import sys; from fractions import Fraction\n"
        "from lipsync_ray.media.audio_segments import AudioSettings, assemble_segments\n"
        "assert 'pydub' not in sys.modules\n"
        f"entry = dict(start=0, end=1, file={str(path)!r})\n"
        f"out = {str(tmp_path / 'o.wav')!r}\n"
        "assemble_segments(AudioSettings(segments=(entry,)), out, length=Fraction(2))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        check=True,
        env={"PATH": "", "PYTHONPATH": "."},
    )
    assert done.stderr == ""


def test_a_piece_may_begin_inside_its_file(tmp_path):
    ramp = np.arange(2 * 16000) / 16000 / 4  # a quarter a second
    path = write_wav(tmp_path / "ramp.wav", ramp, 16000)
    entries = [
        {"start": 0.5, "end": 1.0, "file": str(path), "skip": 0.25},
        {"start": 2.0, "file": str(path), "skip": 1.5},
    ]
    out = assembled(tmp_path, entries, length=3)
    heard = {second: float(out[round(second * 16000)]) for second in (0.75, 1.5, 2.25, 2.75)}
    # Nothing is heard between the pieces, and after the end of the file.
    assert heard == pytest.approx({0.75: 0.5 / 4, 1.5: 0.0, 2.25: 1.75 / 4, 2.75: 0.0}, abs=1e-3)
    with pytest.raises(ConfigError, match=r"segments\[0\]\.skip"):
        assembled(tmp_path, [{"start": 0, "file": str(path), "skip": -1}])
