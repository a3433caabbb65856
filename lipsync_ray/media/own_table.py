"""The frame table of a segment that `media.writer` wrote: all but its times is known already."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np

from lipsync_ray.errors import VideoUnreadable
from lipsync_ray.media.index import list_packets
from lipsync_ray.media.probe import choose_stream, open_container
from lipsync_ray.media.table import FrameTable, VideoInfo


def segment_table(path: Path, video: VideoInfo) -> FrameTable:
    """The table of a segment whose pictures are upright and in the layout of ``video``, its source.

    Nothing is decoded: `build_table` decodes the first picture twice, which takes as long as dubbing five
    frames where keyframes are large. The table's ``origin`` is 0: a segment's times are the output's own.

    Raises:
        VideoUnreadable: absent, damaged, or it holds no picture.
    """
    with open_container(path, packets_only=True) as container:
        stream = choose_stream(container, path)
        packets = list_packets(container, stream, path)
        own = replace(
            video,
            width=stream.width,  # odd sizes were padded
            height=stream.height,
            coded_width=stream.width,
            coded_height=stream.height,
            rotation=0,
            mirrored=False,
            pix_fmt=video.layout.pix_fmt,
            codec=stream.codec_context.codec.canonical_name,
            bit_rate=None,
            time_base=Fraction(stream.time_base or video.time_base),
            container=container.format.name,
            has_audio=False,
            stream_index=stream.index,
        )
    times = packets.shown
    if not len(times):
        raise VideoUnreadable(f"{path}: the video stream holds no picture")
    order = np.argsort(packets.pts[packets.key], kind="stable")
    last = int(packets.duration[packets.pts == times[-1]].max())
    return FrameTable(
        path=str(path),
        video=own,
        pts=times,
        key_pts=packets.pts[packets.key][order],
        key_dts=packets.dts[packets.key][order],
        origin=Fraction(0),
        end_pts=int(times[-1]) + max(1, last),
        indexed=bool(packets.key.any()),
    )
