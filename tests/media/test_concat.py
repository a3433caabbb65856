from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.errors import EncodeFailed, OutputMismatch
from lipsync_ray.media.concat import concat, decoding_ticks, open_segment, survey
from lipsync_ray.media.demux import read_packets
from lipsync_ray.media.encoders import EncodeSettings
from tests.media.output_clips import decoded, read_video, timeline_of, write_segments

MEDIUM = EncodeSettings(codec="libx264", crf=20, preset="medium")


def clock(kind: str):
    if kind == "vfr":
        steps = np.random.default_rng(1).choice([512, 1024], 59)
        return timeline_of(np.cumsum([507, *steps]), Fraction(1, 15360), 512)
    if kind == "ntsc":
        return timeline_of([1001 * k for k in range(60)], Fraction(1, 30000), 1001)
    if kind == "coarse":  # AVI: one tick is one frame
        return timeline_of(range(60), Fraction(1001, 30000), 1)
    return timeline_of([33 + 40 * k for k in range(60)], Fraction(1, 1000), 40)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
def test_packets_are_the_same_where_no_picture_is_decoded(tmp_path, codec):
    (segment,) = write_segments(tmp_path, clock("ntsc"), [], EncodeSettings(codec=codec))
    found = []
    for packets_only in (False, True):
        with open_segment(segment, packets_only=packets_only) as container:
            stream = container.streams.video[0]
            if codec == "libx264":  # the other one tells its pixel format without a picture
                assert (stream.format is None) is packets_only
            packets = [
                (packet.pts, packet.is_keyframe, bytes(packet)) for packet in read_packets(container, stream)
            ]
            found.append((stream.time_base, stream.codec_context.extradata, packets))
    assert found[0] == found[1]
    assert len(found[0][2]) == 61


def packets_of(segments, timeline):
    return concat(segments, timeline, survey(segments, timeline))


def join(path, segments, timeline):
    with av.open(str(path), "w") as output, open_segment(segments[0]) as container:
        stream = output.add_stream_from_template(container.streams.video[0], opaque=True)
        stream.time_base = timeline.time_base
        for packet in packets_of(segments, timeline):
            packet.stream = stream
            output.mux(packet)


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("kind", ["vfr", "ntsc", "coarse", "millisecond"])
def test_nothing_is_lost_in_joining(tmp_path, kind, codec):
    timeline = clock(kind)
    settings = EncodeSettings(codec=codec, preset="medium" if codec == "libx264" else "superfast")
    segments = write_segments(tmp_path, timeline, [20, 27, 28], settings)
    assert survey(segments, timeline).depth >= 1, "the test is about reordered frames"
    join(tmp_path / "out.mov", segments, timeline)
    found = list(read_video(tmp_path / "out.mov"))
    pictures = decoded(segments)
    assert [shown for _, shown in found] == pictures
    if kind == "vfr":  # the movie's own clock of 1/1000 s rounds the start; mux sets a finer one
        shift = found[0][0] - 507 * timeline.time_base
        assert abs(shift) < Fraction(1, 1000)
        found = [(time - shift, shown) for time, shown in found]
    assert [time for time, _ in found] == [int(p) * timeline.time_base for p in timeline.pts]


@pytest.mark.parametrize(("codec", "preset"), [("libx264", "medium"), ("libx265", "superfast")])
def test_workers_of_different_sizes_encode_what_can_be_joined(tmp_path, codec, preset):
    timeline, segments = clock("ntsc"), []
    for number, threads in enumerate((1, 2, 6)):
        (home := tmp_path / str(threads)).mkdir()
        settings = EncodeSettings(codec=codec, preset=preset, threads=threads)
        segments.append(write_segments(home, timeline, [20, 40], settings)[number])
    join(tmp_path / "out.mov", segments, timeline)
    assert [shown for _, shown in read_video(tmp_path / "out.mov")] == decoded(segments)


def test_packets_are_due_in_order_and_in_time(tmp_path):
    timeline = clock("vfr")
    segments = write_segments(tmp_path, timeline, [1, 20], MEDIUM)
    packets = list(packets_of(segments, timeline))
    due = np.array([p.dts for p in packets])
    shown = np.array([p.pts for p in packets])
    assert np.all(np.diff(due) > 0)
    assert np.all(due <= shown)
    assert sorted(shown) == timeline.pts.tolist()
    # MP4 takes what is between the first and the end of the last for the length of the track.
    assert due[-1] + packets[-1].duration - due[0] == timeline.end - timeline.pts[0]


@given(
    steps=st.lists(st.integers(1, 2000), min_size=1, max_size=60),
    first=st.integers(-5000, 5000),
    depth=st.integers(0, 4),
)
def test_decoding_ticks_rise_and_never_come_late(steps, first, depth):
    pts = np.cumsum([first, *steps])
    depth = min(depth, len(pts) - 1)
    due = decoding_ticks(pts, depth)
    assert len(due) == len(pts)
    assert np.all(np.diff(due) > 0)
    assert np.array_equal(due[depth:], pts[: len(pts) - depth])


def test_hundreds_of_segments(tmp_path):
    timeline = timeline_of([512 * k for k in range(300)], Fraction(1, 12800), 512)
    settings = EncodeSettings(codec="libx264", preset="ultrafast", threads=1)
    segments = write_segments(tmp_path, timeline, range(1, 300), settings, size=(32, 32))
    assert [p.pts for p in packets_of(segments, timeline)] == timeline.pts.tolist()


def test_segments_that_are_not_the_timeline_are_named(tmp_path):
    timeline = clock("ntsc")
    segments = write_segments(tmp_path, timeline, [20, 40], MEDIUM)
    with pytest.raises(OutputMismatch, match="40 frames, expected 60"):
        packets_of(segments[:2], timeline)
    with pytest.raises(OutputMismatch, match=r"segment_40.nut: frame 20 at tick 40040, expected 20020"):
        packets_of([segments[0], segments[2], segments[1]], timeline)
    with pytest.raises(OutputMismatch, match="only 0 are left"):
        packets_of([*segments, segments[0]], timeline)


def test_segments_of_another_encoding_are_refused(tmp_path):
    timeline = clock("ntsc")
    first = write_segments(tmp_path, timeline, [30], MEDIUM)[0]
    (tmp_path / "other").mkdir()
    other = EncodeSettings(codec="libx264", preset="ultrafast")
    second = write_segments(tmp_path / "other", timeline, [30], other)[1]
    with pytest.raises(EncodeFailed, match="other parameters"):
        packets_of([first, second], timeline)


def test_a_broken_segment_is_named(tmp_path):
    (tmp_path / "broken.nut").write_bytes(b"not a video")
    with pytest.raises(EncodeFailed, match=r"broken\.nut"):
        packets_of([tmp_path / "broken.nut"], clock("ntsc"))
    with pytest.raises(EncodeFailed, match=r"absent\.nut"):
        packets_of([tmp_path / "absent.nut"], clock("ntsc"))
