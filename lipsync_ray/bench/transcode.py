"""A plain transcode: decode, encode, nothing else. What a dub cannot be cheaper than.

python -m lipsync_ray.bench.transcode SOURCE TARGET PRESET CRF
"""

from __future__ import annotations

import sys

import av

from lipsync_ray.media.demux import open_demuxer, read_frames


def transcode(source: str, target: str, preset: str, crf: str) -> None:
    """Encode the picture of a video anew by libx264, decoder and encoder on as many threads as they like."""
    with open_demuxer(source) as read, av.open(target, "w") as written:
        video = read.streams.video[0]
        video.thread_type = "AUTO"
        stream = written.add_stream(
            "libx264", rate=video.average_rate, options={"preset": preset, "crf": crf}
        )
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        if video.time_base is not None:
            stream.codec_context.time_base = stream.time_base = video.time_base
        for frame in read_frames(read, video):
            written.mux(stream.encode(frame))
        written.mux(stream.encode(None))


if __name__ == "__main__":
    transcode(*sys.argv[1:])
