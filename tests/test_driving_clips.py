"""The viseme model on people who say what is heard: how far apart are their picture and their sound?"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest

from lipsync_ray.analysis import analyse
from lipsync_ray.driving import open_driving
from lipsync_ray.engines.unit_selection.descriptor import A, W
from lipsync_ray.engines.unit_selection.measures import measure
from lipsync_ray.inputs import open_inputs
from lipsync_ray.media.index import build_table
from lipsync_ray.overrides import load_config
from lipsync_ray.speech.driving import Driven, MeasuredMouth
from lipsync_ray.speech.visemes.model import VisemeModel

CLIPS = ("talk_vfr_700.mp4", "talk_closeup_590.mp4", "talk_fullbody_1080x1920_hevc.mp4")


@pytest.fixture(scope="module")
def mouths(media_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> dict[str, MeasuredMouth]:
    """The measured mouths of the real clips."""
    return {name: seen(media_dir / name, tmp_path_factory.mktemp("scan")) for name in CLIPS}


def seen(video: Path, folder: Path) -> MeasuredMouth:
    config, table = load_config([f"video={video}"]), build_table(video)
    analysis = analyse(
        table,
        folder,
        config.face,
        weights=config.weights.store("any"),
        mapper=map,
        content=video.name,
        on_part=lambda done, total: None,
    )
    target = analysis.target
    usable = (target.face >= 0) & (target.reason == 0)
    found = measure(
        lambda frames: analysis.scan.landmarks(frames, target.face[frames]),
        target.face >= 0,
        usable,
        target.shot,
    )
    known = np.where(found.usable[:, None], found.raw[:, [A, W]], np.nan)
    return MeasuredMouth(times=table.times(), aperture=known[:, 0], width=known[:, 1])


@pytest.fixture
def ask(mouths: dict[str, MeasuredMouth], tmp_path: Path) -> Callable[..., Driven]:
    def driven(video: Path, *words: str) -> Driven:
        config = load_config([f"video={video}", f"audio={video}", *words])
        driven_by = open_driving(config, open_inputs(config, tmp_path), VisemeModel(), tmp_path)
        # A container's clock starts with its earliest track: the same frames may have other times.
        return driven_by.cues(replace(mouths[video.name], times=build_table(video).times()))

    return driven


def with_sound_moved(source: Path, path: Path, seconds: Fraction) -> Path:
    """The very same packets, those of the sound so much later."""
    with av.open(str(source)) as given, av.open(str(path), "w") as out:
        streams = {
            given.streams.video[0].index: out.add_stream_from_template(given.streams.video[0]),
            given.streams.audio[0].index: out.add_stream_from_template(given.streams.audio[0]),
        }
        for packet in given.demux(given.streams.video[0], given.streams.audio[0]):
            if packet.size and packet.pts is not None:
                if packet.stream.type == "audio":
                    packet.pts += round(seconds / packet.time_base)
                    packet.dts += round(seconds / packet.time_base)
                packet.stream = streams[packet.stream.index]
                out.mux(packet)
    return path


@pytest.mark.parametrize("name", CLIPS)
def test_a_clip_s_offset_is_found_and_moves_with_its_sound(
    media_dir: Path, tmp_path: Path, ask: Callable[..., Driven], name: str
):
    here = ask(media_dir / name).report
    assert here["av_offset_ms"] is not None
    assert abs(here["av_offset_ms"]) <= 100
    step = 80 if here["av_offset_ms"] > 0 else -80  # towards true sync and beyond: within what is believed
    moved = with_sound_moved(media_dir / name, tmp_path / name, Fraction(step, 1000))
    there = ask(moved).report
    assert there["av_offset_ms"] - here["av_offset_ms"] == pytest.approx(-step, abs=20)


@pytest.mark.parametrize("name", CLIPS)
def test_adapting_never_makes_a_real_clip_worse(media_dir: Path, ask: Callable[..., Driven], name: str):
    adaptation = ask(media_dir / name).report["adaptation"]
    if adaptation["used"]:
        assert adaptation["r_after"] > adaptation["r_before"]
    else:
        assert adaptation["why"]
