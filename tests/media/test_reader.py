from __future__ import annotations

import itertools
import resource
import sys
from fractions import Fraction

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.errors import FrameUnreadable
from lipsync_ray.media import walk
from lipsync_ray.media.colour import rgb_of
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.index import build_table
from lipsync_ray.media.order import decode_blocks
from lipsync_ray.media.reader import open_reader
from tests.clips import KINDS, number_in, picture
from tests.media.output_clips import timeline_of, write_segments

CHUNK, STRIDE = 48, 40


def numbers(reader, wanted) -> list[int]:
    frames = list(reader.frames(wanted))
    assert [f.index for f in frames] == list(wanted)
    return [number_in(f.planes[0]) for f in frames]


def chunks(n: int) -> list[range]:
    return [range(start, min(n, start + CHUNK)) for start in range(0, n, STRIDE)]


@pytest.mark.parametrize("kind", KINDS)
def test_every_frame_is_the_one_it_claims_to_be(kind, clip):
    made = clip(kind)
    table, right = build_table(made.path), np.array(made.numbers)
    n = len(table)
    assert n == made.frames
    rng = np.random.default_rng(1)
    with open_reader(table, threads=1) as reader:
        assert numbers(reader, range(n)) == right.tolist()
        assert numbers(reader, range(n - 1, -1, -1)) == right[::-1].tolist()
        mixed = rng.integers(0, n, 60)
        assert numbers(reader, mixed) == right[mixed].tolist()
        sparse = range(1, n, 17)
        assert numbers(reader, sparse) == right[list(sparse)].tolist()
    for chunk in reversed(chunks(n)):
        with open_reader(table, threads=1) as reader:  # a worker's view: every chunk from a fresh opening
            assert numbers(reader, chunk) == right[list(chunk)].tolist()


def test_a_segment_is_read_in_one_opening(tmp_path, monkeypatch):
    timeline = timeline_of(range(0, 60 * 512, 512), Fraction(1, 12800), 512)
    table = build_table(write_segments(tmp_path, timeline, [], EncodeSettings(codec="libx264"))[0])
    opened = []
    real = walk.open_container
    monkeypatch.setattr(walk, "open_container", lambda path, **how: opened.append(path) or real(path, **how))
    with open_reader(table, threads=1) as reader:
        assert [frame.index for frame in reader.frames(range(60))] == list(range(60))
    assert len(opened) == 1, "a keyframe at the start was sought, which segments cannot do"


def test_a_decoder_that_does_not_know_the_order_is_helped_by_a_look(clip, monkeypatch):
    made = clip("cfr")
    opened, decode = [], walk.Source._decode

    def disordered(source, packets, **how):  # what FFmpeg makes of pictures that come later than it expects
        frames = list(itertools.islice(decode(source, packets, **how), 12))
        yield from frames if source.looked else [*frames[6:], *frames[:6]]

    real = walk.open_container
    monkeypatch.setattr(walk.Source, "_decode", disordered)
    monkeypatch.setattr(
        walk, "open_container", lambda path, packets_only: opened.append(packets_only) or real(path)
    )
    table = build_table(made.path)
    with open_reader(table, threads=1) as reader:
        assert numbers(reader, range(4)) == list(made.numbers[:4])
    assert opened == [True, False]


@pytest.mark.parametrize(
    "name", ["talk_closeup_590.mp4", "talk_fullbody_1080x1920_hevc.mp4", "talk_vfr_700.mp4"]
)
def test_chunks_of_real_clips_equal_the_whole(name, media_dir):
    table = build_table(media_dir / name)
    n = min(len(table), 100)
    with open_reader(table) as reader:
        whole = [digest(f) for f in reader.frames(range(n))]
    assert len(set(whole)) > n * 0.9
    for chunk in chunks(n)[::-1]:
        with open_reader(table) as reader:
            assert [digest(f) for f in reader.frames(chunk)] == whole[chunk.start : chunk.stop]


def test_planes_are_the_decoders_own_bits(media_dir):
    path = media_dir / "talk_vfr_700.mp4"
    table = build_table(path)
    with av.open(str(path)) as container, open_reader(table) as reader:
        decoded = itertools.islice(container.decode(video=0), 20)
        for theirs, ours in zip(decoded, reader.frames(range(20)), strict=True):
            assert theirs.pts == table.pts[ours.index]
            stacked = np.vstack([ours.planes[0], *(p.reshape(-1, 700) for p in ours.planes[1:])])
            np.testing.assert_array_equal(theirs.to_ndarray(), stacked)


@pytest.mark.parametrize("kind", KINDS)
def test_pictures_are_upright_and_rightly_coloured(kind, clip):
    made = clip(kind)
    table = build_table(made.path)
    with open_reader(table) as reader:
        frame = next(reader.frames([10]))
    layout = table.video.layout
    assert frame.layout == layout
    assert frame.planes[0].shape == (made.height, made.width)
    assert frame.planes[1].shape == frame.planes[2].shape == layout.chroma_shape(made.height, made.width)
    assert {p.dtype for p in frame.planes} == {layout.dtype}
    right = picture(made.numbers[10], made.width, made.height).astype(float)
    if kind == "grey":
        right = np.repeat((right @ [0.299, 0.587, 0.114])[..., None], 3, axis=2)
    off = rgb_of(frame) - right
    flat = np.ones(off.shape[:2], bool)  # the bars have edges that compression and 4:2:0 blur
    flat[int(made.height * 0.27) : int(made.height * 0.73)] = False
    assert np.abs(off[flat]).mean() < 4
    assert np.abs(off[flat].mean(axis=0)).max() < 2.5


def test_memory_stays_bounded_when_a_clip_runs_backwards(clip):
    table = build_table(clip("single_gop").path)
    with open_reader(table) as reader:
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        for _ in range(4):
            for _ in reader.frames(range(len(table) - 1, -1, -1)):
                pass
        grown = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before
    assert grown < 100_000 * (1 if sys.platform == "linux" else 1000)


def test_a_frame_outside_the_table_is_named(clip):
    table = build_table(clip("cfr").path)
    with open_reader(table) as reader, pytest.raises(FrameUnreadable, match="no frame 100: it has 100"):
        next(reader.frames([3, 100]))


def test_a_damaged_frame_is_named_with_file_and_time(clip, tmp_path):
    whole = bytearray(clip("cfr").path.read_bytes())
    table = build_table(clip("cfr").path)
    with av.open(str(clip("cfr").path)) as container:
        entry = next(p for p in container.demux(video=0) if p.pts == table.pts[60])
        position, size = entry.pos, entry.size
    whole[position : position + size] = bytes(size)
    path = tmp_path / "damaged.mp4"
    path.write_bytes(whole)
    with open_reader(build_table(path)) as reader:
        assert next(reader.frames([10])).index == 10
        with pytest.raises(FrameUnreadable, match=r"damaged\.mp4: frame 60 at 2\.400 s"):
            list(reader.frames([59, 60]))
        assert next(reader.frames([90])).index == 90  # the reader is still good for others


def test_a_change_of_size_is_named(clip, tmp_path):
    path = tmp_path / "two sizes.h264"
    parts = []
    for width in (192, 128):
        encoder = av.CodecContext.create("libx264", "w")
        encoder.width, encoder.height, encoder.pix_fmt = width, 96, "yuv420p"
        encoder.time_base, encoder.framerate = Fraction(1, 25), Fraction(25)
        for i in range(12):
            rgb = picture(i, width, 96)
            frame = av.VideoFrame.from_ndarray(rgb, format="rgb24").reformat(format="yuv420p")
            frame.pts = i
            parts += [bytes(p) for p in encoder.encode(frame)]
        parts += [bytes(p) for p in encoder.encode(None)]
    path.write_bytes(b"".join(parts))
    table = build_table(path)
    assert len(table) == 24
    with (
        open_reader(table) as reader,
        pytest.raises(FrameUnreadable, match="changes size from 192x96 to 128x96"),
    ):
        list(reader.frames(range(24)))


@given(st.lists(st.integers(0, 300), max_size=120), st.integers(1, 20))
def test_decode_blocks_keep_the_order_and_the_bound(wanted, most):
    blocks = list(decode_blocks(wanted, most))
    assert [i for block, _ in blocks for i in block.tolist()] == wanted
    for block, streamed in blocks:
        assert np.all(np.diff(block) >= 0) if streamed else 0 < len(block) <= most


def test_one_ascending_run_is_streamed_whole():
    ((block, streamed),) = decode_blocks(range(5), most=2)
    assert streamed
    assert len(block) == 5


def digest(frame) -> int:
    return hash(tuple(p.tobytes() for p in frame.planes))
