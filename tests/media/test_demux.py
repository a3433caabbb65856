"""What may be opened at all: media, and nothing that points to other files."""

from __future__ import annotations

import io
import socket
from pathlib import Path

import av
import pytest
from av.error import FFmpegError

from lipsync_ray.errors import AudioUnreadable, VideoUnreadable
from lipsync_ray.media.audio import open_audio
from lipsync_ray.media.demux import FORMATS, FormatRefused, open_demuxer
from lipsync_ray.media.probe import open_container

LISTS = {
    "hls": "#EXTM3U\n#EXT-X-TARGETDURATION:5\n#EXTINF:5,\n{target}\n#EXT-X-ENDLIST\n",
    "concat": "ffconcat version 1.0\nfile '{target}'\n",
    "dash": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static" '
    'profiles="urn:mpeg:dash:profile:isoff-on-demand:2011"><Period><AdaptationSet><Representation id="1">'
    "<BaseURL>{target}</BaseURL></Representation></AdaptationSet></Period></MPD>",
    "sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=video 9 RTP/AVP 96\n",
}


@pytest.fixture
def listener() -> socket.socket:
    """A server that would be asked by who follows an address."""
    server = socket.create_server(("127.0.0.1", 0))
    server.setblocking(False)
    return server


@pytest.mark.parametrize("kind", sorted(LISTS))
@pytest.mark.parametrize("ending", ["mp4", "wav", "m3u8"])
def test_a_list_of_files_is_refused_before_it_is_followed(
    tmp_path: Path, listener: socket.socket, kind: str, ending: str
) -> None:
    port = listener.getsockname()[1]
    path = tmp_path / f"list.{ending}"
    path.write_text(LISTS[kind].format(target=f"http://127.0.0.1:{port}/secret.mp4"), "utf-8")
    for opened in (path, io.BytesIO(path.read_bytes())):
        with pytest.raises((FormatRefused, FFmpegError)):
            open_demuxer(opened)
    with pytest.raises(VideoUnreadable), open_container(path):
        pass
    with pytest.raises(AudioUnreadable), open_audio(path):
        pass
    with pytest.raises(BlockingIOError):
        listener.accept()


@pytest.mark.parametrize(("kind", "name"), [("hls", "list.m3u8"), ("concat", "list.mp4")])
def test_a_list_of_a_file_beside_it_is_refused_by_name(
    tmp_path: Path, wav: Path, kind: str, name: str
) -> None:
    path = tmp_path / name
    path.write_text(LISTS[kind].format(target=wav.name), "utf-8")
    with pytest.raises(VideoUnreadable, match="list of other files"), open_container(path):
        pass


@pytest.fixture
def wav(tmp_path: Path) -> Path:
    path = tmp_path / "a:b.wav"
    with av.open(f"file:{path}", "w") as out:
        stream = out.add_stream("pcm_s16le", rate=8000, layout="mono")
        frame = av.AudioFrame(format="s16", layout="mono", samples=800)
        frame.sample_rate = 8000
        out.mux(stream.encode(frame))
    return path


def test_a_plain_file_of_any_name_opens(wav: Path) -> None:
    with open_demuxer(wav) as container:
        assert container.format.name == "wav"
    with wav.open("rb") as file, open_demuxer(file) as container:
        assert container.format.name == "wav"


def test_every_format_is_one_that_ffmpeg_reads() -> None:
    recent = {"apv", "evc", "iamf", "ivr", "osq", "vvc"}  # older ones than FFmpeg 8 lack some of them
    known: set[str] = set()
    for name in av.formats_available:
        try:
            known |= set(av.format.ContainerFormat(name, "r").name.split(","))
        except ValueError:
            continue  # it is only written
    assert known >= FORMATS - recent
