"""What is copied of a source: whole groups that the output shows as they are, for long enough."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipsync_ray.copying import Copying, copyable, long_pieces, untouched_stretches
from lipsync_ray.dubbing import dub
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.gops import Gops, NotCopied
from lipsync_ray.media.index import build_table
from lipsync_ray.media.parameter_sets import ParameterSets
from lipsync_ray.media.timeline import MODES, SyncSettings, build_timeline
from lipsync_ray.overrides import load_config
from lipsync_ray.plan import cut_chunks
from lipsync_ray.progress import NullProgress, Progress
from lipsync_ray.sidecar import Result
from tests.clips import make_clip
from tests.faults.files import PORTRAIT, make_sound
from tests.media.output_clips import read_video, table_of

NO_SETS = ParameterSets(sequences=(), pictures=())


@st.composite
def jobs(draw: st.DrawFn):
    """A source in groups, an output of it in any mode, and frames that are drawn."""
    steps = draw(st.lists(st.integers(1, 3), min_size=2, max_size=40))
    table = table_of(np.cumsum([0, *steps]).tolist(), time_base=Fraction(1, 25), last=1)
    edges = sorted(draw(st.sets(st.integers(0, len(table)), min_size=2, max_size=8)))
    holes = draw(st.sets(st.integers(0, 7), max_size=2))
    pairs = [pair for n, pair in enumerate(pairwise(edges)) if n not in holes]
    gops = Gops(
        sets=NO_SETS,
        start=np.array([start for start, _ in pairs], np.int64),
        stop=np.array([stop for _, stop in pairs], np.int64),
    )
    mode, resampled = draw(st.sampled_from(MODES)), draw(st.booleans())
    sound = Fraction(draw(st.integers(1, 100)), 25)
    settings = SyncSettings(mode=mode, fps_mode="cfr" if resampled else "source")
    timeline = build_timeline(table, sound, settings)
    touched = np.array(draw(st.lists(st.booleans(), min_size=len(timeline), max_size=len(timeline))), bool)
    touched &= draw(st.booleans())
    return table, gops, timeline, touched


@given(jobs(), st.floats(0, 1), st.floats(0.01, 1))
def test_only_what_the_output_shows_as_it_is_is_copied(job, least: float, most: float) -> None:
    table, gops, timeline, touched = job
    times = np.append(timeline.times(), float(timeline.duration))
    stretches = untouched_stretches(timeline, table, gops, touched)
    pieces = long_pieces(stretches, times, least=least, most=most)
    assert list(pieces) == sorted(pieces)
    begins, ends = set(gops.start.tolist()), set(gops.stop.tolist())
    for start, stop in pieces:
        source = timeline.source[start:stop]
        assert source.tolist() == list(range(source[0], source[0] + stop - start))
        assert source[0] in begins
        assert source[-1] + 1 in ends
        assert not touched[start:stop].any()
        assert np.isin(timeline.source, source).sum() == stop - start, "a frame is shown twice"
        shown = np.diff(timeline.pts[start:stop]) * timeline.time_base
        assert shown.tolist() == (np.diff(table.pts[source]) * table.video.time_base).tolist()
    for start, stop in Copying(pieces=pieces).ranges:
        assert times[stop] - times[start] >= least


@given(jobs())
def test_a_source_that_is_shown_as_it_is_is_copied_whole(job) -> None:
    table, gops, _, _ = job
    timeline = build_timeline(table, table.duration, SyncSettings())
    stretches = untouched_stretches(timeline, table, gops, np.zeros(len(table), bool))
    taken = [frame for edges in stretches for frame in range(edges[0], edges[-1])]
    groups = zip(gops.start.tolist(), gops.stop.tolist(), strict=True)
    assert taken == [frame for start, stop in groups for frame in range(start, stop)]
    assert (
        len(stretches) == 1 + int((gops.start[1:] != gops.stop[:-1]).sum())
        if len(gops.start)
        else not stretches
    )


def test_long_stretches_are_cut_between_groups() -> None:
    times = np.arange(101) / 25
    stretches = [[0, 10, 20, 30, 40], [50, 55], [60, 100]]
    assert long_pieces(stretches, times, least=1.0, most=0.7) == ((0, 20), (20, 40), (60, 100))


@given(
    total=st.integers(1, 600),
    marks=st.sets(st.integers(0, 600), max_size=8),
    seconds=st.floats(0.1, 20),
    overlap=st.integers(0, 8),
)
def test_what_is_copied_is_a_chunk_of_its_own(
    total: int, marks: set[int], seconds: float, overlap: int
) -> None:
    edges = sorted(mark for mark in marks if mark <= total)
    copied = list(zip(edges[::2], edges[1::2], strict=False))
    chunks = cut_chunks(np.arange(total) / 25, seconds=seconds, overlap=overlap, copied=copied)
    assert [chunk.index for chunk in chunks] == list(range(len(chunks)))
    assert [(chunk.start, chunk.stop) for chunk in chunks if chunk.copied] == copied
    shown = np.zeros(total, int)
    for chunk in chunks:
        shown[chunk.start + chunk.head : chunk.stop] += 1
    assert (shown == 1).all()
    for chunk in (chunk for chunk in chunks if chunk.copied):
        assert chunk.head == chunk.tail == 0
        assert not any(
            other.stop > chunk.start and other.start < chunk.stop for other in chunks if other != chunk
        )


@pytest.mark.parametrize(
    ("kind", "settings", "mark", "why"),
    [
        ("cfr", EncodeSettings(codec="libx265"), None, "encoded by libx265"),
        ("cfr", EncodeSettings(), "made by a machine", "visible_mark"),
        ("rotated", EncodeSettings(), None, "turned"),
        ("mirrored", EncodeSettings(), None, "turned"),
        ("hevc", EncodeSettings(), None, "the source is hevc"),
        ("yuv444", EncodeSettings(), None, "neither 4:2:0 nor 4:2:2"),
        ("h264_10bit", EncodeSettings(), None, "encoded by libx265"),
    ],
)
def test_why_nothing_is_copied(
    tmp_path: Path, kind: str, settings: EncodeSettings, mark: str | None, why: str
) -> None:
    table = build_table(make_clip(kind, tmp_path / kind).path)
    timeline = build_timeline(table, table.duration, SyncSettings())
    with pytest.raises(NotCopied, match=why):
        copyable(table, settings, timeline, mark)


@pytest.mark.parametrize("kind", ["cfr", "full_range", "yuv422"])
def test_what_can_be_copied(tmp_path: Path, kind: str) -> None:
    table = build_table(make_clip(kind, tmp_path / kind).path)
    timeline = build_timeline(table, table.duration, SyncSettings())
    assert copyable(table, EncodeSettings(), timeline, None).sets.free_number() == 1


def test_pictures_of_another_kind_are_not_copied(tmp_path: Path) -> None:
    """The container says BT.709, the stream nothing: encoded pictures would say it, copied ones not."""
    table = build_table(make_clip("cfr", tmp_path / "cfr").path)
    told = replace(table, video=replace(table.video, colour=replace(table.video.colour, matrix=1)))
    timeline = build_timeline(table, table.duration, SyncSettings())
    with pytest.raises(NotCopied, match="differ from the encoder's in: colour"):
        copyable(told, EncodeSettings(), timeline, None)


SIZE, FRAMES, FACE = 256, 260, (120, 140)
STEPS = {"even": 1, "vfr": 3}


def write_scene(path: Path, *, steps: int, options: dict[str, str]) -> Path:
    """Something that moves, and in the middle of it a face."""
    face = cv2.resize(cv2.imread(str(PORTRAIT)), (SIZE, SIZE), interpolation=cv2.INTER_AREA)  # type: ignore[call-overload]
    grain = np.random.default_rng(1).integers(0, 255, (SIZE, SIZE, 3), np.uint8)
    scene = cv2.GaussianBlur(grain, (0, 0), 4)
    with av.open(str(path), "w") as out:
        stream = out.add_stream("libx264", rate=25, options={"g": "20", "preset": "fast"} | options)
        stream.width = stream.height = SIZE
        stream.pix_fmt = "yuv420p"
        stream.codec_context.time_base = Fraction(1, 50)
        for number in range(FRAMES):
            shown = face if FACE[0] <= number < FACE[1] else np.roll(scene, 2 * number, 1)
            picture = np.clip(shown.astype(int) + number % 7, 0, 255).astype(np.uint8)
            frame = av.VideoFrame.from_ndarray(picture, "bgr24")
            frame.pts, frame.time_base = 2 * number + number % steps // 2, Fraction(1, 50)
            out.mux(stream.encode(frame))
        out.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("home")
    make_sound(folder / "dub.wav", 2.0)
    return folder


@pytest.fixture(scope="module")
def run(home: Path) -> Callable[..., Result]:
    def make(video: Path, out: Path, *words: str, progress: Progress | None = None) -> Result:
        common = ("ray.cluster=none", "encode.preset=veryfast", f"cache.dir={home / 'cache'}")
        given = (f"video={video}", f"audio={home / 'dub.wav'}", f"out={out}")
        return dub(load_config([*given, *common, *words]), progress=progress)

    return make


class Told(NullProgress):
    """Keeps what a person is told."""

    def __init__(self) -> None:
        self.notes: list[str] = []

    def note(self, text: str) -> None:
        self.notes.append(text)


def told(out: Path) -> dict:
    return json.loads(out.with_suffix(".json").read_text())


@pytest.mark.parametrize("steps", list(STEPS))
def test_a_dub_with_copies_is_the_same_dub(home: Path, run: Callable[..., Result], steps: str) -> None:
    video = write_scene(home / f"{steps}.mp4", steps=STEPS[steps], options={"bf": "3"})
    plain = run(video, home / f"{steps}-plain.mp4")
    person = Told()
    copied = run(video, home / f"{steps}-copied.mp4", "encode.copy_untouched=true", progress=person)
    assert copied.digest == plain.digest
    assert copied.passed_through == plain.passed_through
    source, before, after = (
        list(read_video(path)) for path in (video, home / f"{steps}-plain.mp4", home / f"{steps}-copied.mp4")
    )
    assert [time for time, _ in after] == [time for time, _ in before]
    facts = told(home / f"{steps}-copied.mp4")["copied"]
    (first, second) = facts["ranges"]
    assert first[0] == 0
    assert first[1] <= FACE[0]
    assert second[0] >= FACE[1]
    assert second[1] == FRAMES
    assert facts["frames"] == first[1] + second[1] - second[0] >= 200
    for start, stop in (first, second):
        assert [shown for _, shown in after[start:stop]] == [shown for _, shown in source[start:stop]]
    for (_, left), (_, right) in zip(before[first[1] : second[0]], after[first[1] : second[0]], strict=True):
        off = np.frombuffer(left, np.uint8).astype(int) - np.frombuffer(right, np.uint8)
        assert np.square(off).mean() < 6.0  # another chunk: the encoder has looked at other frames
    assert person.notes == [f"{facts['frames']} of {FRAMES} frames are copied from the source as they are"]
    assert copied.quality is not None
    assert copied.quality["figures"]["frames"] == FRAMES
    assert "copied" not in told(home / f"{steps}-plain.mp4")


def test_a_dub_of_which_nothing_can_be_copied_tells_why(home: Path, run: Callable[..., Result]) -> None:
    options = {"g": "400", "sc_threshold": "0"}
    video = write_scene(home / "one_group.mp4", steps=1, options=options)
    out = home / "one_group-out.mp4"
    person = Told()
    run(video, out, "encode.copy_untouched=true", "quality.enabled=false", progress=person)
    why = "each group of its pictures is drawn in, cut, repeated or shown at other times"
    assert told(out)["copied"] == {"frames": 0, "ranges": [], "why_not": why}
    assert person.notes == [f"no frame is copied from the source: {why}"]
