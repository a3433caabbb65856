from __future__ import annotations

import pickle
import subprocess
import sys
from fractions import Fraction

import av
import numpy as np
import pytest

from lipsync_ray.errors import VideoUnreadable
from lipsync_ray.media.index import build_table
from tests.clips import KINDS


@pytest.mark.parametrize("kind", KINDS)
def test_every_shown_frame_has_its_time(kind, clip):
    made = clip(kind)
    table = build_table(made.path)
    np.testing.assert_allclose(table.times(), made.times, atol=1.01e-3)  # Matroska counts milliseconds
    assert np.all(np.diff(table.pts) > 0)
    assert float(table.duration) == pytest.approx(made.times[-1] + 1 / 25, abs=1.1e-3)
    assert float(table.time(3)) == pytest.approx(table.times()[3])


@pytest.mark.parametrize("kind", KINDS)
def test_the_upright_size_is_reported(kind, clip):
    made, video = clip(kind), build_table(clip(kind).path).video
    assert (video.width, video.height) == (made.width, made.height)
    assert video.has_audio == KINDS[kind].audio


@pytest.mark.parametrize(
    ("kind", "rotation", "mirrored"),
    [("cfr", 0, False), ("rotated", 90, False), ("upside_down", 180, False), ("mirrored", 270, True)],
)
def test_orientation_comes_from_the_display_matrix(kind, rotation, mirrored, clip):
    video = build_table(clip(kind).path).video
    assert (video.rotation, video.mirrored) == (rotation, mirrored)


@pytest.mark.parametrize(
    ("kind", "pix_fmt"),
    [
        ("cfr", "yuv420p"),
        ("hevc_10bit", "yuv420p10le"),
        ("yuv422", "yuv422p"),
        ("yuv422_rotated", "yuv444p"),
        ("yuv444", "yuv444p"),
        ("rgb", "yuv444p"),
        ("rgb_planar", "yuv444p"),
        ("grey", "yuv420p"),
        ("yuva", "yuv420p"),
        ("yuv411", "yuv420p"),
        ("yuv420_12bit", "yuv420p10le"),
        ("full_range", "yuv420p"),
    ],
)
def test_the_working_layout_is_the_nearest_that_encoders_take(kind, pix_fmt, clip):
    video = build_table(clip(kind).path).video
    assert video.layout.pix_fmt == pix_fmt
    assert video.layout.full_range == (kind == "full_range")


def test_an_untagged_stream_stays_untagged_and_gets_a_guess(clip):
    video = build_table(clip("cfr").path).video
    assert video.layout.matrix == "bt601"  # small
    assert (video.colour.primaries, video.colour.transfer) == (2, 2)


def test_vfr_is_told_from_rounding(clip):
    assert build_table(clip("vfr").path).is_vfr
    assert not build_table(clip("mkv").path).is_vfr
    assert not build_table(clip("ps").path).is_vfr


def test_the_rate_is_the_measured_one(clip):
    assert build_table(clip("cfr").path).video.nominal_rate == 25
    assert build_table(clip("edit_list").path).video.nominal_rate == 25
    assert float(build_table(clip("vfr").path).video.nominal_rate) == pytest.approx(25 * 2 / 3, rel=0.02)


def test_the_real_vfr_clip_starts_late_and_keeps_its_gaps(media_dir):
    table = build_table(media_dir / "talk_vfr_700.mp4")
    gaps = np.diff(table.times())
    assert len(table) == 135
    assert table.origin == 0
    assert table.times()[0] == pytest.approx(0.033, abs=1e-3)
    assert np.sum(np.abs(gaps - 1 / 30) < 1e-3) == 86
    assert np.sum(np.abs(gaps - 2 / 30) < 1e-3) == 48
    assert table.video.nominal_rate == Fraction(1350, 61)
    assert table.is_vfr


def test_frames_before_the_first_decodable_one_are_not_listed(clip, tmp_path):
    """A recording that starts between keyframes: players show it from the first keyframe on."""
    whole = clip("ts_keys").path.read_bytes()
    cut = tmp_path / "joined late.ts"
    packet = 188
    cut.write_bytes(whole[len(whole) // 2 // packet * packet :])
    table = build_table(cut)
    assert 100 < len(table) < 160
    assert table.pts[0] == table.key_pts[0]


def test_a_table_travels_to_a_worker(clip):
    table = build_table(clip("vfr").path)
    again = pickle.loads(pickle.dumps(table))
    np.testing.assert_array_equal(again.pts, table.pts)
    assert again.video == table.video


def test_a_cover_picture_is_not_the_video(clip, tmp_path):
    import av

    path = tmp_path / "cover.mp4"
    with av.open(str(clip("with_audio").path)) as given, av.open(str(path), "w") as out:
        cover = out.add_stream("png", rate=1)
        cover.width, cover.height, cover.pix_fmt = 1000, 1000, "rgb24"
        cover.disposition = av.stream.Disposition.attached_pic
        streams = {s: out.add_stream_from_template(s) for s in given.streams}
        picture = av.VideoFrame.from_ndarray(np.zeros((1000, 1000, 3), np.uint8), format="rgb24")
        out.mux(cover.encode(picture))
        for p in given.demux():
            if p.size:
                p.stream = streams[p.stream]
                out.mux(p)
    table = build_table(path)
    assert (table.video.width, len(table)) == (192, 75)


class TestRefusals:
    """What is no video is refused by name, on one line."""

    def refused(self, path) -> str:
        with pytest.raises(VideoUnreadable) as caught:
            build_table(path)
        text = str(caught.value)
        assert "\n" not in text
        assert str(path) in text
        return text

    def test_missing(self, tmp_path):
        assert "does not exist" in self.refused(tmp_path / "no such.mp4")

    def test_folder(self, tmp_path):
        assert "folder" in self.refused(tmp_path)

    def test_empty(self, tmp_path):
        path = tmp_path / "empty.mp4"
        path.touch()
        assert "empty" in self.refused(path)

    def test_no_media(self, tmp_path):
        path = tmp_path / "letter.mp4"
        path.write_text("Dear reader, this is not a video. " * 100)
        assert "cannot be opened" in self.refused(path)

    def test_sound_only(self, media_dir):
        assert "no video stream (found: audio)" in self.refused(media_dir / "speech_10s.wav")

    def test_an_address(self):
        assert "address" in self.refused("https://example.org/a.mp4")

    def test_a_playlist(self, clip, tmp_path):
        segment = clip("ts").path
        path = tmp_path / "list.m3u8"
        path.write_text(f"#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:4.4,\n{segment}\n#EXT-X-ENDLIST\n")
        self.refused(path)

    @pytest.mark.parametrize("share", [0.3, 0.8])
    def test_cut_short_without_an_index(self, clip, tmp_path, share):
        whole = clip("cfr").path.read_bytes()
        path = tmp_path / "half.mp4"
        path.write_bytes(whole[: int(len(whole) * share)])
        assert "cut short" in self.refused(path)

    def test_cut_short_behind_the_index(self, clip, tmp_path):
        import av

        path = tmp_path / "fast.mp4"
        with (
            av.open(str(clip("cfr").path)) as given,
            av.open(str(path), "w", options={"movflags": "faststart"}) as out,
        ):
            stream = out.add_stream_from_template(given.streams.video[0])
            for packet in given.demux(video=0):
                if packet.size:
                    packet.stream = stream
                    out.mux(packet)
        assert len(build_table(path)) == 100
        path.write_bytes(path.read_bytes()[:-4000])
        assert "cut short" in self.refused(path)

    def test_cut_short_before_the_length_in_the_header(self, clip, tmp_path):
        whole = clip("mkv").path.read_bytes()
        path = tmp_path / "half.mkv"
        path.write_bytes(whole[: len(whole) // 2])
        assert "cut short" in self.refused(path)


def test_awkward_names_are_only_names(clip, tmp_path):
    for name in ("a:b.mp4", "frame%03d.mp4", "ñ '\"=[x] ü.mp4", "-i.mp4"):
        path = tmp_path / name
        path.write_bytes(clip("cfr").path.read_bytes())
        assert len(build_table(path)) == 100


def test_reading_needs_neither_ray_nor_torch():
    code = (
        "import sys, lipsync_ray.media.index, lipsync_ray.media.reader, lipsync_ray.media.colour; "
        "sys.exit(bool({'ray', 'torch', 'decord', 'pydub'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_an_interlaced_video_is_named(tmp_path, caplog):
    path = tmp_path / "fields.mp4"
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"x264-params": "tff=1", "preset": "ultrafast"})
        stream.width, stream.height = 64, 48
        for number in range(3):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(np.full((48, 64, 3), 40 * number, np.uint8))))
        out.mux(stream.encode(None))
    assert len(build_table(path)) == 3
    assert "interlaced" in caplog.text
