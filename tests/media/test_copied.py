"""Copied and encoded pictures in one track: every frame in its place, wherever one begins to read."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from lipsync_ray.errors import VideoUnreadable
from lipsync_ray.media.audio import probe_audio
from lipsync_ray.media.copied import copy_segment
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.gops import Gops, NotCopied, find_gops
from lipsync_ray.media.h264 import read_sequence_set
from lipsync_ray.media.index import build_table
from lipsync_ray.media.mux import KeepSettings, mux, verify
from lipsync_ray.media.parameter_sets import START_CODE, ParameterSets, length_size, read_header, split
from lipsync_ray.media.reader import open_reader
from lipsync_ray.media.table import FrameTable
from lipsync_ray.media.timeline import SyncSettings, Timeline, build_timeline
from lipsync_ray.media.writer import SegmentWriter
from tests.clips import Clip, picture
from tests.media.output_clips import decoded, noise, read_video, write_wav

# Sources of many kinds: profiles below and above the encoder's, levels likewise, other depths of reordering.
SETTINGS = {
    "baseline": {"profile": "baseline", "preset": "fast"},
    "main": {"profile": "main", "level": "4.1", "bf": "2", "preset": "fast"},
    "pyramid": {"preset": "medium", "bf": "8", "x264-params": "b-pyramid=normal:b-adapt=0"},
    "numbered": {"preset": "medium", "x264-params": "sps-id=3"},
    "slices": {"preset": "fast", "x264-params": "slices=4:aud=1:repeat-headers=1"},
    "intra": {"preset": "fast", "g": "1"},
}
KINDS = ("cfr", "vfr", "mkv", "ts_keys", "edit_list")
MEDIUM = EncodeSettings(codec="libx264", crf=20, preset="medium")
ULTRAFAST = EncodeSettings(codec="libx264", crf=20, preset="ultrafast")
TARGETS = [("out.mp4", MEDIUM), ("out.mkv", ULTRAFAST), ("out.mov", MEDIUM)]


def write_source(path: Path, options: dict[str, str], frames: int = 75) -> Path:
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"g": "15", "crf": "12"} | options)
        stream.width, stream.height = 96, 64
        stream.pix_fmt = "yuv420p"
        for number in range(frames):
            out.mux(stream.encode(av.VideoFrame.from_ndarray(picture(number, 96, 64), "rgb24")))
        out.mux(stream.encode(None))
    return path


def encode(
    path: Path, table: FrameTable, gops: Gops, timeline: Timeline, part: range, settings: EncodeSettings
) -> Path:
    video = table.video
    number = gops.sets.free_number()
    assert number is not None
    with (
        open_reader(table) as reader,
        SegmentWriter(
            path,
            video.layout,
            (video.width, video.height),
            timeline.time_base,
            timeline.nominal_rate,
            video.colour,
            video.sample_aspect_ratio,
            settings,
            number,
        ) as writer,
    ):
        for frame in reader.frames(list(part)):
            writer.write(frame.planes, int(timeline.pts[frame.index]))
    return path


class Made:
    """An output of copied groups with one or more encoded ones in the middle."""

    def __init__(self, folder: Path, source: Path, name: str, settings: EncodeSettings) -> None:
        self.table = build_table(source)
        self.gops = find_gops(self.table)
        self.timeline = build_timeline(self.table, self.table.duration, SyncSettings())
        low, high = self._middle()
        self.encoded = range(low, high)
        self.path = folder / name
        sound = write_wav(folder / "dub.wav", noise(float(self.timeline.duration), 16_000), 16_000)
        self.segments = []
        for begin, end, copied in self._parts(low, high):
            segment = folder / f"{begin}.nut"
            if copied:
                ticks = self.timeline.pts[begin:end]
                copy_segment(segment, self.table, begin, ticks, self.timeline.time_base)
            else:
                encode(segment, self.table, self.gops, self.timeline, range(begin, end), settings)
            self.segments.append(segment)
        mux(self.path, self.segments, self.table, self.timeline, probe_audio(sound), KeepSettings(), settings)
        self.source = [shown for _, shown in read_video(source)]
        self.found = list(read_video(self.path))

    def _middle(self) -> tuple[int, int]:
        """A group that is encoded, or several if they are short."""
        middle = len(self.gops.start) // 3
        low = int(self.gops.start[middle])
        return low, int(next(stop for stop in self.gops.stop[middle:] if stop - low >= 5))

    def _parts(self, low: int, high: int) -> list[tuple[int, int, bool]]:
        first, last, count = int(self.gops.start[0]), int(self.gops.stop[-1]), len(self.table)
        parts = [(0, first, False), (first, low, True), (low, high, False), (high, last, True)]
        return [part for part in (*parts, (last, count, False)) if part[0] < part[1]]


@pytest.fixture(scope="module", params=[*KINDS, *SETTINGS])
def source(request: pytest.FixtureRequest, clip: Callable[[str], Clip], tmp_path_factory) -> Path:
    if request.param in KINDS:
        return clip(request.param).path
    return write_source(tmp_path_factory.mktemp("sources") / "source.mp4", SETTINGS[request.param])


@pytest.fixture(scope="module", params=TARGETS, ids=[name for name, _ in TARGETS])
def made(request: pytest.FixtureRequest, source: Path, tmp_path_factory) -> Made:
    return Made(tmp_path_factory.mktemp("made"), source, *request.param)


def test_every_frame_is_there_at_its_time(made: Made) -> None:
    verify(made.path, made.timeline)
    times = made.timeline.pts * float(made.timeline.time_base)
    tick = 0.00101 if made.path.suffix == ".mkv" else 1e-6
    assert np.abs(np.array([float(time) for time, _ in made.found]) - times).max() < tick


def test_copied_frames_are_the_sources_own_and_the_others_as_encoded(made: Made) -> None:
    alone = decoded(made.segments)
    for number, (_, shown) in enumerate(made.found):
        assert shown == alone[number], f"frame {number} is another one than in its segment"
        if number not in made.encoded and int(made.gops.start[0]) <= number < int(made.gops.stop[-1]):
            assert shown == made.source[number], f"frame {number} is not the source's"


def test_reading_may_begin_at_any_frame(made: Made) -> None:
    table = build_table(made.path)
    edges = {0, made.encoded.start, made.encoded.stop, len(table) - 1}
    for number in sorted({n for edge in edges for n in range(edge - 2, edge + 3) if 0 <= n < len(table)}):
        with open_reader(table, threads=1) as reader:
            frame = next(iter(reader.frames([number])))
        expected = np.frombuffer(made.found[number][1], np.uint8)[: frame.planes[0].size]
        assert np.array_equal(frame.planes[0].ravel(), expected)


def test_a_fresh_decoder_starts_at_every_keyframe(made: Made) -> None:
    by_time = {round(float(time), 3): shown for time, shown in made.found}
    with av.open(str(made.path)) as container:
        keys = [p for p in container.demux(video=0) if p.size and p.is_keyframe]
        header = container.streams.video[0].codec_context.extradata
    assert len(keys) >= 2
    for key in keys:
        decoder = av.CodecContext.create("h264", "r")
        decoder.extradata = header
        frames = [*decoder.decode(key), *decoder.decode(None)]
        assert (
            frames[0].to_ndarray().tobytes()
            == by_time[round(float(Fraction(key.pts or 0) * key.time_base), 3)]
        )


def test_the_header_holds_both_and_the_packets_none(made: Made) -> None:
    with av.open(str(made.path)) as container:
        stream = container.streams.video[0]
        header = stream.codec_context.extradata or b""
        packets = [bytes(packet) for packet in container.demux(stream) if packet.size]
        tag = stream.codec_context.codec_tag
    assert tag in ("avc1", "H264", "\0\0\0\0")
    sets = read_header(header)
    assert len({one.id for one in sets.sequences}) == len(made.gops.sets.sequences) + 1
    assert len({one.id for one in sets.pictures}) == len(sets.pictures)
    # The header of MP4 begins with what the whole stream needs (ISO/IEC 14496-15, 5.3.3.1.2).
    assert header[1] == max(one.profile for one in sets.sequences)
    assert header[3] == max(one.level for one in sets.sequences)
    for one in sets.sequences:
        assert header[2] & one.constraints == header[2]
    kinds = {unit[0] & 31 for data in packets for unit in split(data, length_size(header))}
    assert kinds <= {1, 5, 6, 9}


def test_pieces_of_a_stretch_make_the_same_file_as_one(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source.mp4", SETTINGS["pyramid"])
    table = build_table(source)
    gops = find_gops(table)
    timeline = build_timeline(table, table.duration, SyncSettings())
    sound = write_wav(tmp_path / "dub.wav", noise(3, 16_000), 16_000)
    files = []
    for cuts in ([0], [0, *gops.start[1:].tolist()]):
        segments = [tmp_path / f"{len(cuts)}-{cut}.nut" for cut in cuts]
        for segment, begin, end in zip(segments, cuts, [*cuts[1:], len(table)], strict=True):
            copy_segment(segment, table, begin, timeline.pts[begin:end], timeline.time_base)
        mux(
            out := tmp_path / f"{len(cuts)}.mp4",
            segments,
            table,
            timeline,
            probe_audio(sound),
            KeepSettings(),
            MEDIUM,
        )
        files.append(out.read_bytes())
    assert files[0] == files[1]


def test_a_source_that_has_changed_is_told(tmp_path: Path) -> None:
    source = write_source(tmp_path / "source.mp4", SETTINGS["main"])
    table = build_table(source)
    (start, stop), *_, (last, end) = edges(find_gops(table))[1:]
    ticks, to = np.arange(200), tmp_path / "x.nut"
    late = replace(table, pts=table.pts + (np.arange(75) == start + 1))
    with pytest.raises(VideoUnreadable, match=r"source\.mp4: a picture at \d+ is not where it was"):
        copy_segment(to, late, start, ticks[: stop - start], Fraction(1, 25))
    longer = replace(table, pts=np.append(table.pts, table.pts[-1] + 512))
    with pytest.raises(VideoUnreadable, match=r"source\.mp4: the picture at \d+ is gone"):
        copy_segment(to, longer, last, ticks[: end - last + 1], Fraction(1, 25))
    write_source(source, {"preset": "fast", "g": "250"})
    with pytest.raises(VideoUnreadable, match=rf"source\.mp4: no keyframe is where frame {start} was"):
        copy_segment(to, table, start, ticks[: stop - start], Fraction(1, 25))


def edges(gops: Gops) -> list[tuple[int, int]]:
    return list(zip(gops.start.tolist(), gops.stop.tolist(), strict=True))


def test_groups_begin_at_idr_pictures_alone(clip: Callable[[str], Clip]) -> None:
    found = {
        kind: edges(find_gops(build_table(clip(kind).path))) for kind in ("cfr", "open_gop", "edit_list")
    }
    assert found["cfr"] == [(0, 25), (25, 50), (50, 75), (75, 100)]
    # The other keyframes are followed by pictures that need what lies before: all is one group.
    assert found["open_gop"] == [(0, 130)]
    # The first group is hidden in part.
    assert found["edit_list"] == [(21, 71), (71, 81)]


@pytest.mark.parametrize(
    ("kind", "why"),
    [("hevc", "the source is hevc"), ("vp9", "the source is vp9"), ("h264", "no reliable times")],
)
def test_why_nothing_can_be_copied(clip: Callable[[str], Clip], kind: str, why: str) -> None:
    with pytest.raises(NotCopied, match=why):
        find_gops(build_table(clip(kind).path))


def test_parameter_sets_that_change_on_the_way_are_not_copied(tmp_path: Path) -> None:
    one = write_source(tmp_path / "one.mp4", SETTINGS["slices"])
    other = write_source(tmp_path / "other.mp4", {"preset": "ultrafast", "x264-params": "repeat-headers=1"})
    with av.open(str(tmp_path / "both.ts"), "w") as out:
        stream, late = None, 0
        for path in (one, other):
            with av.open(str(path)) as container:
                stream = stream or out.add_stream_from_template(container.streams.video[0])
                for packet in container.demux(video=0):
                    if packet.size:
                        packet.pts, packet.dts = (packet.pts or 0) + late, (packet.dts or 0) + late
                        packet.stream = stream
                        out.mux(packet)
                late += 75 * 512
    with pytest.raises(NotCopied, match="change on the way"):
        find_gops(build_table(tmp_path / "both.ts"))


def without_usability(sets: ParameterSets) -> bytes:
    """The header without what x264 says about use, which comes last in its sets."""
    (one,) = sets.sequences
    payload = one.data[1:].replace(b"\0\0\3", b"\0\0")
    bits = "".join(f"{byte:08b}" for byte in payload)
    for end in range(24, len(bits)):
        cut = bits[:end] + "01"  # nothing of use, and the bit that ends a set
        data = int(cut.ljust(-(-len(cut) // 8) * 8, "0"), 2).to_bytes(-(-len(cut) // 8), "big")
        unit = one.data[:1] + data
        try:
            found = read_sequence_set(unit)
        except ValueError:
            continue
        if found.picture == one.picture and found.reorder is None:
            return replace(sets, sequences=(replace(one, data=unit),)).header()
    raise AssertionError("no end was found")


def test_depths_that_are_not_told_are_not_copied(tmp_path: Path) -> None:
    """A decoder would find out from the pictures, too late behind encoded ones that are not reordered."""
    for name, options in (("silent", SETTINGS["pyramid"]), ("in_order", {"bf": "0"})):
        whole = write_source(tmp_path / f"{name}-whole.mp4", options)
        with av.open(str(whole)) as source, av.open(str(tmp_path / f"{name}.mp4"), "w") as out:
            stream = out.add_stream_from_template(source.streams.video[0], opaque=True)
            sets = read_header(source.streams.video[0].codec_context.extradata or b"")
            stream.codec_context.extradata = without_usability(sets)
            for packet in source.demux(video=0):
                if packet.size:
                    data = b"".join(START_CODE + unit for unit in split(bytes(packet), 4))
                    copy = av.Packet(data)
                    copy.pts, copy.dts, copy.time_base = packet.pts, packet.dts, packet.time_base
                    copy.is_keyframe, copy.stream = packet.is_keyframe, stream
                    out.mux(copy)
    with pytest.raises(NotCopied, match="out of order"):
        find_gops(build_table(tmp_path / "silent.mp4"))
    assert len(edges(find_gops(build_table(tmp_path / "in_order.mp4")))) >= 5
