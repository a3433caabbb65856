"""Media that point to other files are read without what they point to.

Whether a file is opened is told by the kernel (inotify), not by what comes out.
"""

from __future__ import annotations

import ctypes
import os
import struct
import sys
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
from av.error import FFmpegError

from lipsync_ray.errors import LipsyncError
from lipsync_ray.media.audio import probe_audio
from lipsync_ray.media.demux import FORMATS, open_demuxer
from lipsync_ray.media.index import build_table

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="inotify is Linux's")
IN_OPEN = 0x20
NAME = "secret.mov"


class Watch:
    """Counts how often a file is opened."""

    def __init__(self, path: Path) -> None:
        libc = ctypes.CDLL(None, use_errno=True)
        self._handle = libc.inotify_init1(os.O_NONBLOCK)
        assert libc.inotify_add_watch(self._handle, os.fsencode(path), IN_OPEN) > 0

    def opened(self) -> int:
        try:
            return len(os.read(self._handle, 4096)) // 16
        except BlockingIOError:
            return 0


@pytest.fixture
def secret(tmp_path: Path) -> Path:
    path = tmp_path / NAME
    with av.open(str(path), "w") as out:
        stream = out.add_stream("mpeg4", rate=25)
        stream.width = stream.height = 64
        stream.pix_fmt = "yuv420p"
        for _ in range(3):
            frame = av.VideoFrame.from_ndarray(np.zeros((64, 64, 3), np.uint8), "rgb24")
            out.mux(stream.encode(frame.reformat(format="yuv420p")))
        out.mux(stream.encode(None))
    return path


def pointing(movie: bytes, name: str) -> bytes:
    """The same movie with its samples in the file ``name`` beside it, as QuickTime's aliases say it."""
    place = f":x:{name}".encode()
    place += b"\0" * (len(place) % 2)
    head = bytes(10) + bytes([1]) + b"x".ljust(27, b"\0") + bytes(12) + bytes([len(name)])
    levels = struct.pack(">HH", 1, 1)
    path = struct.pack(">HH", 2, len(place)) + place + struct.pack(">HH", 0xFFFF, 0)
    body = b"alis" + bytes(4) + head + name.encode().ljust(63, b"\0") + bytes(16) + levels + bytes(16) + path
    entry = struct.pack(">I", len(body) + 4) + body
    at = movie.index(b"dref") + 12  # behind the version and the count
    size = struct.unpack(">I", movie[at : at + 4])[0]
    made = bytearray(movie[:at] + entry + movie[at + size :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        where = made.index(box) - 4
        made[where : where + 4] = struct.pack(
            ">I", struct.unpack(">I", made[where : where + 4])[0] + len(entry) - size
        )
    return bytes(made)


def test_a_movie_does_not_open_the_file_that_its_samples_are_said_to_be_in(
    tmp_path: Path, secret: Path
) -> None:
    path = tmp_path / "talk.mov"
    path.write_bytes(pointing(secret.read_bytes(), NAME))
    watch = Watch(secret)
    with av.open(str(path), options={"enable_drefs": "1"}) as followed:
        assert next(followed.decode(video=0)) is not None
    assert watch.opened(), "the file does not point to the other one: this test would prove nothing"
    for read in (build_table, probe_audio, _packets):
        _read(read, path)
    assert not watch.opened()


LISTS = {
    "mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet><Representation id="1">'
    "<BaseURL>{file}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{file}\n#EXT-X-ENDLIST\n",
    "ffconcat": "ffconcat version 1.0\nfile '{file}'\n",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
    "imf.xml": '<?xml version="1.0"?><AssetMap xmlns="http://www.smpte-ra.org/schemas/429-9/2007/AM">'
    "<AssetList><Asset><ChunkList><Chunk><Path>{file}</Path></Chunk></ChunkList></Asset></AssetList></AssetMap>",
    "smil": '<smil><body><video src="{file}"/></body></smil>',
    "rtsptext": "RTSPtext\nrtsp://127.0.0.1/{file}\n",
}


@pytest.mark.parametrize("ending", ["mp4", "own"])
@pytest.mark.parametrize("kind", LISTS)
def test_a_list_opens_nothing(tmp_path: Path, secret: Path, kind: str, ending: str) -> None:
    path = tmp_path / ("list.mp4" if ending == "mp4" else f"list.{kind}")
    watch = Watch(secret)
    for name in (NAME, str(secret), f"file:{secret}"):
        path.write_text(LISTS[kind].replace("{file}", name), "utf-8")
        for read in (build_table, probe_audio, _packets):
            assert _read(read, path), f"{kind} was read"
    assert not watch.opened()


@pytest.mark.parametrize(
    "place", ["concat:{0}|{0}", "subfile,,start,0,end,9,,:{0}", "crypto:{0}", "cache:{0}"]
)
def test_a_name_is_no_protocol(secret: Path, place: str) -> None:
    watch = Watch(secret)
    assert _read(_packets, Path(place.format(secret)))
    assert not watch.opened()


def test_only_formats_that_hold_media_themselves_are_read() -> None:
    assert not FORMATS & {
        *(
            "hls",
            "applehttp",
            "dash",
            "concat",
            "concatf",
            "imf",
            "sdp",
            "rtsp",
            "rtp",
            "image2",
            "webm_dash_manifest",
        ),
        *(
            "lavfi",
            "v4l2",
            "video4linux2",
            "x11grab",
            "alsa",
            "pulse",
            "tty",
            "ffmetadata",
            "vapoursynth",
            "avisynth",
        ),
    }


def _packets(path: Path) -> int:
    with open_demuxer(path) as container:
        return sum(1 for _ in container.demux())


def _read(read: Callable[[Path], object], path: Path) -> bool:
    """Whether it is refused."""
    try:
        read(path)
    except (LipsyncError, FFmpegError, ValueError, OSError):
        return True
    return False
