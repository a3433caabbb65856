from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lipsync_ray.errors import ConfigError, EncodeFailed
from lipsync_ray.media.concat import open_segment
from lipsync_ray.media.encoders import EncodeSettings, codec_options
from lipsync_ray.media.frame import PixelLayout
from lipsync_ray.media.hdr import light_level, mastering_display
from lipsync_ray.media.index import build_table
from lipsync_ray.media.table import ColourTags
from lipsync_ray.media.writer import SegmentWriter
from tests.media.output_clips import LAYOUT, TAGS, picture, planes_of, timeline_of, write_segments

TICK = Fraction(1, 15360)
LOSSLESS = EncodeSettings(codec="libx264", crf=0, preset="ultrafast")


def open_writer(path, settings, layout=LAYOUT, size=(64, 48), colour=TAGS, sar=Fraction(1)):
    return SegmentWriter(path, layout, size, TICK, Fraction(25), colour, sar, settings)


def one_segment(folder, settings, layout=LAYOUT, size=(64, 48), count=12):
    timeline = timeline_of([507 + 512 * k for k in range(count)], TICK, 512)
    return write_segments(folder, timeline, [], settings, layout=layout, size=size)[0]


@pytest.mark.parametrize(("shift_x", "shift_y"), [(1, 1), (1, 0), (0, 0)])
@pytest.mark.parametrize("depth", [8, 10])
@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_crf_0_gives_every_bit_back(tmp_path, codec, depth, shift_x, shift_y):
    layout = PixelLayout(depth=depth, shift_x=shift_x, shift_y=shift_y)
    settings = EncodeSettings(codec=codec, crf=0, preset="ultrafast")
    path = one_segment(tmp_path, settings, layout)
    with open_segment(path) as container:
        for number, frame in enumerate(container.decode(video=0)):
            assert frame.format.name == layout.pix_fmt
            for plane, expected in zip(planes_of(frame), picture(number, layout=layout), strict=True):
                assert np.array_equal(plane, expected)


@pytest.mark.parametrize("size", [(63, 48), (64, 47), (63, 47)])
def test_odd_sizes_are_padded_by_the_last_column_and_row(tmp_path, size):
    path = one_segment(tmp_path, LOSSLESS, size=size, count=2)
    with open_segment(path) as container:
        frame = next(container.decode(video=0))
    assert (frame.width, frame.height) == (64, 48)
    luma, u, v = planes_of(frame)
    source = picture(0, *size)
    padded = np.pad(source[0], ((0, 48 - size[1]), (0, 64 - size[0])), mode="edge")
    assert np.array_equal(luma, padded)
    assert np.array_equal(u, source[1])
    assert np.array_equal(v, source[2])


@pytest.mark.parametrize(
    ("codec", "depth", "name", "pix_fmt"),
    [
        ("auto", 8, "h264", "yuv420p"),
        ("auto", 10, "hevc", "yuv420p10le"),
        ("libx264", 10, "h264", "yuv420p10le"),
        ("libx265", 8, "hevc", "yuv420p"),
    ],
)
def test_depth_is_kept(tmp_path, codec, depth, name, pix_fmt):
    layout = PixelLayout(depth=depth)
    path = one_segment(tmp_path, EncodeSettings(codec=codec, crf=1, preset="ultrafast"), layout, count=4)
    with open_segment(path) as container:
        assert container.streams.video[0].codec_context.name == name
        for number, frame in enumerate(container.decode(video=0)):
            assert frame.format.name == pix_fmt
            error = planes_of(frame)[0].astype(int) - picture(number, layout=layout)[0]
            assert np.abs(error).mean() < 4


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_tags_reach_the_stream(tmp_path, codec):
    path = tmp_path / "tagged.nut"
    colour = ColourTags(primaries=9, transfer=16, matrix=9, range=2)
    settings = EncodeSettings(codec=codec, preset="ultrafast")
    with open_writer(path, settings, colour=colour, sar=Fraction(4, 3)) as writer:
        writer.write(picture(0), 0)
    with open_segment(path) as container:
        stream = container.streams.video[0]
        frame = next(container.decode(stream))
        assert stream.codec_context.sample_aspect_ratio == Fraction(4, 3)
        tags = (frame.color_primaries, frame.color_trc, frame.colorspace, frame.color_range)
        assert tuple(map(int, tags)) == (9, 16, 9, 2)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_headers_do_not_depend_on_place_length_or_threads(tmp_path, codec):
    headers = set()
    for name, first, count, threads in (("a", 0, 1, 1), ("b", 507, 30, 1), ("c", 10**9, 12, 3)):
        path = tmp_path / name
        settings = EncodeSettings(codec=codec, preset="veryfast", threads=threads)
        with open_writer(path, settings) as writer:
            for number in range(count):
                writer.write(picture(number), first + 512 * number)
        with open_segment(path) as container:
            headers.add(bytes(container.streams.video[0].codec_context.extradata or b""))
    assert len(headers) == 1
    assert headers != {b""}


def test_segments_are_closed(tmp_path):
    path = one_segment(tmp_path, EncodeSettings(preset="medium"), count=40)
    with open_segment(path) as container:
        packets = [p for p in container.demux(video=0) if p.size]
    keys = [p.pts for p in packets if p.is_keyframe]
    assert packets[0].is_keyframe
    assert min(p.pts for p in packets) == keys[0]


def test_a_wrong_plane_and_a_wrong_tick_are_refused(tmp_path):
    with open_writer(tmp_path / "a.nut", LOSSLESS) as writer:
        writer.write(picture(0), 100)
        with pytest.raises(EncodeFailed, match="ticks must rise"):
            writer.write(picture(1), 100)
        with pytest.raises(EncodeFailed, match="expected uint8 64x48"):
            writer.write(picture(1, 60, 48), 200)
        with pytest.raises(EncodeFailed, match="uint16"):
            writer.write(picture(1, layout=PixelLayout(depth=10)), 300)


def test_a_segment_left_by_an_error_is_removed(tmp_path):
    def fail():
        with open_writer(tmp_path / "a.nut", LOSSLESS) as writer:
            writer.write(picture(0), 0)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    with pytest.raises(EncodeFailed, match="at least one frame"), open_writer(tmp_path / "b.nut", LOSSLESS):
        pass
    assert list(tmp_path.iterdir()) == []


def test_what_an_encoder_cannot_hold_is_refused(tmp_path):
    with pytest.raises(EncodeFailed, match="cannot hold yuv420p12le"):
        open_writer(tmp_path / "a.nut", EncodeSettings(codec="libx264"), PixelLayout(depth=12))


@pytest.mark.parametrize("codec", ["h264_nvenc", "hevc_nvenc"])
def test_an_absent_nvidia_encoder_is_one_clear_line(tmp_path, codec):
    path = tmp_path / "a.nut"
    try:
        with open_writer(path, EncodeSettings(codec=codec), size=(256, 256)) as writer:
            writer.write(picture(0, 256, 256), 0)
    except EncodeFailed as refused:
        message = str(refused)
    else:
        pytest.skip("this machine has an NVIDIA encoder")
    assert "encode.codec=auto" in message
    assert not path.exists()


@pytest.mark.parametrize(
    "options", [{"codec": "mpeg4"}, {"crf": 60}, {"preset": "quick"}, {"audio_codec": "mp3"}, {"threads": -1}]
)
def test_wrong_options_are_named(options):
    with pytest.raises(ConfigError, match=r"encode\."):
        EncodeSettings(**options)


@pytest.mark.parametrize(("codec", "depth"), [("libx264", 8), ("libx264", 10), ("libx265", 10)])
def test_hdr_facts_reach_every_decoder(tmp_path, codec, depth):
    display = "G(13250,34500)B(7500,3000)R(34000,16000)WP(15635,16450)L(10000000,50)"
    colour = ColourTags(primaries=9, transfer=16, matrix=9, range=1, mastering=display, light="1000,400")
    settings = EncodeSettings(codec=codec, preset="ultrafast")
    layout, path = PixelLayout(depth=depth, matrix="bt2020"), tmp_path / "hdr.nut"
    with open_writer(path, settings, layout=layout, colour=colour) as writer:
        writer.write(picture(0, layout=layout), 0)
    with open_segment(path) as container:
        frame = next(container.decode(video=0))
        assert mastering_display(frame) == display
        assert light_level(frame) == "1000,400"
    assert build_table(path).video.colour == colour


def test_without_hdr_facts_none_are_made_up(tmp_path):
    with open_segment(one_segment(tmp_path, LOSSLESS, count=1)) as container:
        frame = next(container.decode(video=0))
        assert (mastering_display(frame), light_level(frame)) == ("", "")


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize(("rotation", "place"), [(0, 0), (90, 3), (180, 0), (270, 5)])
def test_a_turned_picture_says_where_its_chroma_lies(codec, rotation, place):
    options = codec_options(codec, EncodeSettings(codec=codec), LAYOUT.turned(rotation), ColourTags())
    told = [int(p[10:]) for text in options.values() for p in text.split(":") if p.startswith("chromaloc=")]
    assert told == ([place] if place else [])
