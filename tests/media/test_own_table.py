"""What is known of an own segment without a look at its pictures is what a look at them gives."""

from __future__ import annotations

from dataclasses import fields, replace
from fractions import Fraction

import numpy as np
import pytest

from lipsync_ray.errors import VideoUnreadable
from lipsync_ray.media.encoders import EncodeSettings
from lipsync_ray.media.frame import PixelLayout
from lipsync_ray.media.index import build_table
from lipsync_ray.media.own_table import segment_table
from lipsync_ray.media.reader import open_reader
from tests.media.output_clips import table_of, timeline_of, write_segments

TICK = Fraction(1, 15360)
ELSEWHERE = {"nominal_rate", "bit_rate", "colour"}  # not asked of a segment


@pytest.mark.parametrize("codec", ["libx264", "libx265"])
@pytest.mark.parametrize("layout", [PixelLayout(), PixelLayout(depth=10, shift_y=0, siting_y=0.0)], ids=str)
@pytest.mark.parametrize("size", [(64, 48), (63, 47)])
def test_it_is_the_table_that_decoding_gives(tmp_path, codec, layout, size):
    ticks = np.cumsum([507, *np.random.default_rng(1).choice([512, 1024], 599)])
    settings = EncodeSettings(codec=codec, preset="veryfast")
    (path,) = write_segments(tmp_path, timeline_of(ticks, TICK, 512), [], settings, layout=layout, size=size)
    known = table_of(ticks.tolist(), layout=layout)
    # The source was a turned file of another kind and clock.
    source = replace(known.video, rotation=90, mirrored=True, codec="vp9", time_base=Fraction(1, 1000))
    table, right = segment_table(path, source), build_table(path)
    for name in ("pts", "key_pts", "key_dts"):
        np.testing.assert_array_equal(getattr(table, name), getattr(right, name))
    assert len(table.key_pts) > 1
    assert (table.end_pts, table.indexed, table.counted) == (right.end_pts, right.indexed, right.counted)
    for field in fields(table.video):
        if field.name not in ELSEWHERE:
            assert getattr(table.video, field.name) == getattr(right.video, field.name), field.name
    with open_reader(table) as mine, open_reader(right) as theirs:
        for number in (0, 1, 2, 300, 599, 7):
            one, other = (next(reader.frames([number])) for reader in (mine, theirs))
            for a, b in zip(one.planes, other.planes, strict=True):
                np.testing.assert_array_equal(a, b)


def test_chroma_of_a_turned_source_is_read_where_it_lies(tmp_path):
    layout = PixelLayout().turned(90)
    assert layout != PixelLayout()
    ticks = [507 + 512 * k for k in range(3)]
    (path,) = write_segments(tmp_path, timeline_of(ticks, TICK, 512), [], EncodeSettings(), layout=layout)
    with open_reader(segment_table(path, table_of(ticks, layout=layout).video)) as reader:
        assert [frame.layout for frame in reader.frames(range(3))] == [layout] * 3


def test_what_is_no_segment_is_refused(tmp_path):
    path = tmp_path / "none.nut"
    with pytest.raises(VideoUnreadable):
        segment_table(path, table_of([0]).video)
    path.write_bytes(b"nothing of the kind")
    with pytest.raises(VideoUnreadable):
        segment_table(path, table_of([0]).video)
