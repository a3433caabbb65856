"""Dubs of a real clip that are broken on purpose: the report flags what is broken, and nothing else."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest

from lipsync_ray.cli import main
from lipsync_ray.dubbing import dub, review
from lipsync_ray.overrides import load_config
from lipsync_ray.provenance.facts import DubFacts
from lipsync_ray.provenance.verify import verify
from lipsync_ray.sidecar import Result
from lipsync_ray.speech.model import SpeechModel, speech_model
from lipsync_ray.speech.track import MouthTrack

BLUR = "engine=tests.toy_engines:Blur"
THIRDS = "chunk.seconds=0.8"
WORDS = ("ray.cluster=none", "encode.preset=veryfast", "chunk.seconds=1.7")


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("review")


@pytest.fixture(scope="module")
def clip(media_dir: Path) -> Path:
    return media_dir / "talk_closeup_590.mp4"


def speech_of(clip: Path) -> Path:
    """Talk from the first moment on: others begin with three seconds of silence."""
    return clip.with_name("speech_10s.wav")


def made(clip: Path, out: Path, *words: str, speech: SpeechModel | None = None) -> Result:
    cache = f"cache.dir={out.parent / 'cache'}"
    config = load_config([f"video={clip}", f"audio={speech_of(clip)}", f"out={out}", cache, *WORDS, *words])
    return dub(config, speech=speech)


@pytest.fixture(scope="module")
def good(clip: Path, home: Path) -> Result:
    return made(clip, home / "good.mp4")


def kinds(result: Result) -> set[str]:
    assert result.quality is not None
    return {flag["kind"] for flag in result.quality["flags"]}


def signed_facts(result: Result) -> DubFacts:
    found = verify(str(result.out)).credentials
    assert found is not None
    assert found.facts is not None
    return found.facts


def numbers(result: Result) -> dict[str, float]:
    """All figures that are known, flat."""
    assert result.quality is not None
    figures = dict(result.quality["figures"])
    flat = {**figures.pop("sync"), **figures.pop("passed_through"), **figures}
    return {name: value for name, value in flat.items() if value is not None}


def alike(result: Result) -> Any:
    """Figures of the same pictures: libx264 encodes a clip of 590 x 590 px a little differently each time."""
    return pytest.approx(numbers(result), rel=0.01, abs=0.02)


def test_a_good_dub_is_measured_and_not_flagged(good: Result) -> None:
    assert good.quality is not None
    assert good.quality["flags"] == []
    assert good.quality["concern"] == 0
    figures = good.quality["figures"]
    assert figures["measured"] == figures["frames"] == 125
    assert figures["sync"]["r"] > 0.85
    assert abs(figures["offset_change_ms"]) < 40
    assert figures["sync"]["hits"] > 0.8 * figures["sync"]["closed"] > 0
    assert 0.85 < figures["sharpness"] < 1.15
    assert 0.8 < figures["jitter"] < 1.3
    assert figures["jump"] < 1.5
    assert figures["psnr_outside"] > 40
    assert json.loads(Path(good.sidecar).read_text())["result"]["quality"] == good.quality
    assert "look at" not in good.text()


def test_the_source_is_not_decoded_once_more(
    clip: Path, home: Path, good: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    def decoded(*_: object) -> None:
        raise AssertionError("the source was decoded to measure a dub that was just drawn")

    monkeypatch.setattr("lipsync_ray.jobs.review.decoded_notes", decoded)
    assert numbers(made(clip, home / "noted.mp4")) == alike(good)


def test_what_nobody_has_noted_is_measured_alike(
    clip: Path, home: Path, good: Result, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lipsync_ray.jobs.pieces.witness_of", lambda *_: None)
    assert numbers(made(clip, home / "again.mp4")) == alike(good)


def test_the_report_holds_all_that_it_shows(good: Result) -> None:
    text = Path(str(good.out).removesuffix(".mp4") + ".report.html").read_text()
    assert "Nothing is flagged." in text
    assert "good.mp4" in text
    assert text.count("<svg") == 1
    assert 'class="wanted"' in text
    assert 'class="seen"' in text
    assert text.count("data:image/jpeg;base64,") == 16
    assert "http" not in text.replace("http-equiv", "")  # nothing is fetched
    assert "min_sharpness" in text  # the settings


def test_a_sound_that_comes_early_is_flagged(clip: Path, home: Path) -> None:
    late = made(clip, home / "late.mp4", "sync.offset=200")
    assert kinds(late) == {"offset"}
    assert late.quality is not None
    (flag,) = late.quality["flags"]
    own = late.quality["figures"]["own_offset_ms"]
    assert flag["value"] == pytest.approx(200 - own, abs=25)
    assert "look at: offset" in late.text()


@dataclass(frozen=True, slots=True)
class Frozen:
    """Stops hearing what the mouth should do from 2 to 4 s."""

    model: SpeechModel
    name: str = "frozen"

    def track(self, samples: np.ndarray, rate: int = 16000) -> MouthTrack:
        """The track with a mouth that stays half open for two seconds."""
        track = self.model.track(samples, rate)
        still = slice(round(2 * track.rate), round(4 * track.rate))
        fields = {name: getattr(track, name).copy() for name in ("aperture", "width", "rounding")}
        fields |= {name: getattr(track, name).copy() for name in ("labiodental", "closure")}
        for name, values in fields.items():
            values[still] = 0.4 if name == "aperture" else 0.0
        return replace(track, **fields)


def test_a_mouth_that_stands_still_is_flagged(clip: Path, home: Path) -> None:
    out = home / "frozen.mp4"
    made(clip, out, "quality.enabled=false", speech=Frozen(speech_model("visemes")))
    found = reviewed(clip, out)
    assert {flag["kind"] for flag in found["flags"]} == {"frozen"}
    # It stands from frame 50 to 100; a second that holds the way into that is not still.
    start, stop = (found["flags"][row][name] for row, name in ((0, "start"), (-1, "stop")))
    assert 45 <= start <= 75
    assert 90 <= stop <= 105


FEW = 60  # frames of the clip, for what needs no more


@pytest.fixture(scope="module")
def short(clip: Path, home: Path) -> Path:
    """Its first frames; beside it the sound."""
    (home / "short").mkdir()
    out = home / "short" / clip.name
    speech_of(out).symlink_to(speech_of(clip))
    with av.open(str(clip)) as source, av.open(str(out), "w") as target:
        made_of = target.add_stream("libx264", rate=25, options={"crf": "14", "preset": "veryfast"})
        made_of.width, made_of.height, made_of.pix_fmt = 590, 590, "yuv420p"
        for frame in islice(source.decode(video=0), FEW):
            target.mux(made_of.encode(frame))
        target.mux(made_of.encode())
    return out


@pytest.fixture(scope="module")
def bad(short: Path, home: Path) -> Result:
    return made(short, home / "bad.mp4", BLUR, THIRDS)


def test_flagged_chunks_can_keep_the_source_s_frames(short: Path, home: Path, bad: Result) -> None:
    assert "soft" in kinds(bad)
    passed = made(short, home / "passed.mp4", BLUR, THIRDS, "quality.retry=[pass]")
    assert kinds(passed) == set()
    assert passed.untouched_chunks
    assert "keep the source's frames" in passed.text()
    plan = json.loads(Path(passed.sidecar).read_text())["plan"]["chunks"]
    left = sum(plan[index]["stop"] - plan[index]["start"] for index in passed.untouched_chunks)
    assert passed.quality is not None
    assert passed.quality["figures"]["measured"] == FEW - left
    facts = signed_facts(passed)
    assert facts.passed_through["untouched_chunk"] == left
    assert facts.edited_frames == FEW - left


def test_flagged_chunks_are_drawn_by_another_engine(short: Path, home: Path, bad: Result) -> None:
    words = ("quality.retry=[margin,engine]", "quality.retry_engine=unit_selection")
    mended = made(short, home / "mended.mp4", BLUR, THIRDS, *words)
    good = made(short, home / "well.mp4", THIRDS)
    assert kinds(mended) == kinds(good) == set()
    assert mended.digest == good.digest != bad.digest
    assert mended.untouched_chunks == []
    facts = signed_facts(mended)  # all of it was drawn again, by another engine than the job's
    assert (facts.engine, list(facts.engines)) == ("tests.toy_engines:Blur", ["unit_selection"])
    assert facts.engines["unit_selection"] == facts.edited
    told = json.loads(Path(mended.sidecar).read_text())["provenance"]
    assert list(told["engines"]) == ["unit_selection"]


def test_a_step_that_fails_leaves_what_there_was(short: Path, home: Path) -> None:
    words = ("quality.retry=[engine]", "quality.retry_engine=tests.toy_engines:Absent")
    kept = made(short, home / "kept.mp4", BLUR, *words, "chunk.max_attempts=1")
    assert "soft" in kinds(kept)


def test_a_jump_of_light_between_two_chunks_is_flagged(clip: Path, home: Path, good: Result) -> None:
    border = json.loads(Path(good.sidecar).read_text())["plan"]["chunks"][1]["start"]
    out = spoilt(good, home / "seam.mp4", lambda luma, number: luma + 8 if number >= border else luma)
    found = reviewed(clip, out, "quality.min_psnr=20")  # half the picture is lighter
    assert [(flag["kind"], flag["start"], flag["stop"]) for flag in found["flags"]] == [
        ("seam", border - 1, border + 1)
    ]


def test_a_blurred_mouth_is_flagged(clip: Path, home: Path, good: Result) -> None:
    def blur(luma: np.ndarray, number: int) -> np.ndarray:
        if 50 <= number < 100:
            part = luma[310:430, 240:410]
            luma[310:430, 240:410] = cv2.GaussianBlur(part, (0, 0), 3.0)
        return luma

    found = reviewed(clip, spoilt(good, home / "soft.mp4", blur))
    assert {flag["kind"] for flag in found["flags"]} == {"soft"}
    start, stop = (found["flags"][row][name] for row, name in ((0, "start"), (-1, "stop")))
    assert 35 <= start <= 60
    assert 90 <= stop <= 115


def spoilt(good: Result, out: Path, change: Callable[[np.ndarray, int], np.ndarray]) -> Path:
    """The good dub with another luma."""
    with av.open(str(good.out)) as source, av.open(str(out), "w") as target:
        video, sound = source.streams.video[0], source.streams.audio[0]
        made_of = target.add_stream("libx264", rate=video.average_rate)
        made_of.width, made_of.height, made_of.pix_fmt = video.width, video.height, "yuv420p"
        made_of.codec_context.time_base = video.time_base
        made_of.options = {"crf": "14", "preset": "veryfast"}
        heard = target.add_stream_from_template(sound)
        number = 0
        for packet in source.demux(video, sound):
            if packet.stream is sound and packet.dts is not None:
                packet.stream = heard
                target.mux(packet)
                continue
            for frame in packet.decode():
                planes = frame.to_ndarray(format="yuv420p").astype(np.float32)
                planes[: video.height] = change(planes[: video.height], number)
                new = av.VideoFrame.from_ndarray(
                    np.clip(planes, 0, 255).round().astype(np.uint8), format="yuv420p"
                )
                new.pts, new.time_base = frame.pts, frame.time_base
                target.mux(made_of.encode(new))
                number += 1
        target.mux(made_of.encode())
    return out


def reviewed(clip: Path, out: Path, *words: str) -> dict:
    """What the verb says of a file, held to the sound that it should have."""
    config = [f"video={clip}", f"audio={speech_of(clip)}", f"out={out}", f"cache.dir={out.parent / 'cache'}"]
    return review(load_config([*config, *WORDS, *words])).to_plain()


def test_the_verb_measures_a_file_by_its_own_sound(
    clip: Path, home: Path, good: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    copy = home / "copy.mp4"
    shutil.copy(good.out, copy)
    words = [f"video={clip}", f"out={copy}", f"cache.dir={home / 'cache'}", *WORDS]
    assert main(["review", "--json", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert found["flags"] == []
    assert found["figures"]["sync"]["r"] > 0.85
    assert (home / "copy.report.html").exists()
    assert main(["review", *words]) == 0
    assert "nothing is flagged" in capsys.readouterr().out


def test_a_file_that_is_no_dub_of_the_video_is_refused(
    clip: Path, home: Path, good: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    other = clip.with_name("talk_vfr_700.mp4")
    assert main(["review", f"video={other}", f"out={good.out}", f"cache.dir={home / 'cache'}", *WORDS]) == 1
    (line,) = capsys.readouterr().err.splitlines()[-1:]
    assert "good.mp4 has 125 frames, a dub of this video 135" in line


def test_a_dub_whose_measuring_fails_is_a_dub_all_the_same(
    short: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise OSError("no mesh today")

    monkeypatch.setattr("lipsync_ray.jobs.review.load_mesh", broken)
    result = made(short, home / "unmeasured.mp4", "chunk.max_attempts=1", "encode.preset=ultrafast")
    assert result.quality is None
    assert Path(result.out).exists()
    told = json.loads(Path(result.sidecar).read_text())["not_measured"]
    assert "no mesh today" in told["message"]
    assert not (home / "unmeasured.report.html").exists()


def test_a_dub_whose_report_fails_is_a_dub_all_the_same(
    short: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise ValueError("no ink")

    monkeypatch.setattr("lipsync_ray.jobs.finish.make_report", broken)
    result = made(short, home / "unreported.mp4", "encode.preset=ultrafast")
    assert result.quality is None
    assert Path(result.out).exists()
    assert "no ink" in json.loads(Path(result.sidecar).read_text())["not_measured"]["message"]
    assert not (home / "unreported.report.html").exists()


def test_a_dub_of_another_size_is_refused(
    clip: Path, home: Path, good: Result, capsys: pytest.CaptureFixture[str]
) -> None:
    small = home / "small.mp4"
    with av.open(str(good.out)) as source, av.open(str(small), "w") as target:
        made_of = target.add_stream("libx264", rate=25)
        made_of.width, made_of.height, made_of.pix_fmt = 296, 296, "yuv420p"
        for frame in source.decode(video=0):
            target.mux(made_of.encode(frame.reformat(296, 296)))
        target.mux(made_of.encode())
    words = [f"video={clip}", f"audio={speech_of(clip)}", f"out={small}", f"cache.dir={home / 'cache'}"]
    assert main(["review", *words, *WORDS]) == 1
    assert "small.mp4 has 296x296 pixels, the video 590x590" in capsys.readouterr().err
    assert not (home / "small.report.html").exists()
