from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest

from lipsync_ray.errors import DecordRefused
from lipsync_ray.media.index import build_table
from lipsync_ray.media.reader import open_reader
from tests.clips import number_in


@pytest.fixture(autouse=True)
def _decord():
    pytest.importorskip("decord", reason="the extra 'decord' is not installed")


@pytest.mark.parametrize("kind", ["open_gop", "edit_list", "ts", "ts_open", "ps", "avi", "mirrored"])
def test_a_file_that_decord_reads_wrongly_is_refused(kind, clip):
    with pytest.raises(DecordRefused, match=r"decord reads .* wrongly \(.*\): use media\.reader=pyav"):
        open_reader(build_table(clip(kind).path), backend="decord")


def test_the_pictures_alone_betray_a_wrong_reader(clip):
    """Packets, count and times of this stream look right; behind a seek decord still gives other frames."""
    import decord

    made = clip("ts_keys")
    table = build_table(made.path)
    video = decord.VideoReader(str(made.path))
    assert len(video) == len(table)
    with pytest.raises(DecordRefused, match="gives another one"):
        open_reader(table, backend="decord")


@pytest.mark.parametrize("kind", ["cfr", "vfr", "mkv", "vp9", "rotated", "single_gop", "h264_10bit", "odd"])
def test_an_accepted_file_gives_the_right_frames_in_any_order(kind, clip):
    made = clip(kind)
    table = build_table(made.path)
    wanted = np.random.default_rng(2).permutation(len(table))
    with open_reader(table, backend="decord") as theirs, open_reader(table) as ours:
        for got, right in zip(theirs.frames(wanted), ours.frames(wanted), strict=True):
            assert number_in(got.planes[0]) == made.numbers[got.index]
            assert got.layout == right.layout
            for a, b in zip(got.planes, right.planes, strict=True):
                assert a.shape == b.shape
                assert a.dtype == b.dtype
                scale = 1 << (got.layout.depth - 8)
                assert abs(float(a.mean()) - float(b.mean())) < 1.5 * scale


def test_without_decord_the_command_is_named(clip):
    code = (
        "import sys; sys.modules['decord'] = None\n"
        "from lipsync_ray.errors import DependencyMissing\n"
        "from lipsync_ray.media.index import build_table\n"
        "from lipsync_ray.media.reader import open_reader\n"
        "try: open_reader(build_table(sys.argv[1]), backend='decord')\n"
        "except DependencyMissing as error: sys.exit('pip install' not in str(error))\n"
        "sys.exit(2)"
    )
    assert subprocess.run([sys.executable, "-c", code, str(clip("cfr").path)], check=False).returncode == 0
