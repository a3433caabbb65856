"""face.select=reference through the whole pipeline: the person meant speaks, and nobody else."""

from __future__ import annotations

import json
import os
import shutil
from contextlib import ExitStack
from datetime import UTC, datetime
from pathlib import Path

import av
import cv2
import numpy as np
import pytest

from lipsync_ray.batch.settled import fates
from lipsync_ray.cli import main
from lipsync_ray.distributed.depot import Disk
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.jobs.places import absolute, here
from lipsync_ray.jobs.site import Site, SiteSpec
from lipsync_ray.overrides import load_config
from lipsync_ray.weights.store import WeightStore
from tests.batch.rows import row
from tests.faults.files import make_sound
from tests.people.conftest import SHOT, SIDE

QUICK = ("ray.cluster=none", "encode.preset=ultrafast", "quality.enabled=false")
BY_FACE = ("face.select=reference", "face.reference=anna.png")


@pytest.fixture
def folder(
    crossing: Path,
    anna: Path,
    weights: WeightStore,
    cache: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Path:
    """A folder with the clip, the picture and a sound; weights are known, and the scans of other tests."""
    monkeypatch.chdir(tmp_path)
    (cache / "weights").symlink_to(weights.folder)
    monkeypatch.setenv("LIPSYNC_RAY_CACHE", str(cache))
    shutil.copy(crossing, "talk.mp4")
    shutil.copy(anna, "anna.png")
    make_sound(tmp_path / "dub.wav", 2.5)
    return tmp_path


def words(*more: str) -> list[str]:
    return ["video=talk.mp4", "audio=dub.wav", *QUICK, *more]


def changed(path: str | Path) -> np.ndarray:
    """Whether the left and the right half of each frame differ from the source, ``bool[n,2]``."""
    out = []
    with av.open("talk.mp4") as before, av.open(str(path)) as after:
        for one, other in zip(before.decode(video=0), after.decode(video=0), strict=True):
            apart = one.to_ndarray(format="yuv420p")[:SIDE] != other.to_ndarray(format="yuv420p")[:SIDE]
            out.append([apart[:, :SIDE].any(), apart[:, SIDE:].any()])
    return np.array(out)


def test_the_person_of_the_picture_speaks_wherever_she_is(folder: Path) -> None:
    assert main(["run", *words(*BY_FACE, "out=dub.mp4", "encode.crf=0")]) == 0
    seen = changed("dub.mp4")
    halves = [seen[:SHOT].mean(0), seen[SHOT : 2 * SHOT].mean(0), seen[2 * SHOT :].mean(0)]
    assert halves[0][0] > 0.5
    assert halves[1][1] > 0.5
    assert halves[0][1] == halves[1][0] == 0
    assert halves[2].tolist() == [0, 0]  # she is not in the last shot


def test_plan_tells_where_the_person_speaks(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plan", *words(*BY_FACE), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert [shot["dubbed"] > 0.5 for shot in told["shots"]] == [True, True, False]
    assert told["shots"][2]["speakers"] == []


def test_preview_shows_the_person(folder: Path) -> None:
    assert main(["preview", *words(*BY_FACE, "out=dub.mp4", "preview.kind=sheet", "preview.frames=2")]) == 0
    assert (folder / "dub.sheet.png").is_file()


@pytest.mark.parametrize(
    ("name", "code", "text"),
    [
        (
            "stranger.png",
            "FACE_NONE",
            "nobody in talk.mp4 is like stranger.png (face.reference): the most alike of",
        ),
        ("wall.png", "FACE_NONE", "no face in wall.png (face.reference"),
        ("junk.png", "VIDEO_UNREADABLE", "face.reference: "),
        ("absent.png", "VIDEO_UNREADABLE", "absent.png"),
    ],
)
def test_what_cannot_be_is_told_on_one_line(
    name: str, code: str, text: str, folder: Path, media_dir: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with av.open(str(media_dir / "talk_fullbody_1080x1920_hevc.mp4")) as container:
        stranger = next(container.decode(video=0)).to_ndarray(format="bgr24")
    cv2.imwrite("stranger.png", stranger)
    cv2.imwrite("wall.png", np.full((90, 120, 3), 99, np.uint8))
    Path("junk.png").write_text("junk")
    assert main(["run", *words("face.select=reference", f"face.reference={name}", "out=dub.mp4")]) == 1
    lines = capsys.readouterr().err.strip().splitlines()
    assert f"lipsync_ray: {code}: " in lines[-1]
    assert text in lines[-1]
    assert not Path("dub.mp4").exists()


@pytest.mark.parametrize(
    ("options", "text"),
    [
        (["face.select=reference"], "face.select=reference needs face.reference=FILE"),
        (["face.reference=anna.png"], "face.reference=anna.png needs face.select=reference, not largest"),
        ([*BY_FACE, "face.likeness=1"], "face.likeness=1.0 must lie between 0 and 1"),
        ([*BY_FACE, "out=anna.png"], "out=anna.png"),
    ],
)
def test_options_that_make_no_sense_are_refused(
    options: list[str], text: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = Path("anna.png").read_bytes()
    out = [] if any(option.startswith("out=") for option in options) else ["out=dub.mp4"]
    assert main(["run", *words(*options, *out)]) == 1
    assert text in capsys.readouterr().err
    assert Path("anna.png").read_bytes() == before


def test_each_job_of_a_backlog_has_its_own_person(folder: Path, portrait: np.ndarray) -> None:
    """Rows choose by place or by face, and share one scan."""
    cv2.imwrite("third.png", portrait[..., ::-1])
    rows = [
        {"id": "anna", "face.select": "reference", "face.reference": "anna.png"},
        {"id": "third", "face.select": "reference", "face.reference": "third.png"},
    ]
    lines = [json.dumps({"video": "talk.mp4", "audio": "dub.wav", **row}) for row in rows]
    Path("backlog.jsonl").write_text("\n".join(lines))
    command = ["batch", "manifest=backlog.jsonl", "out_dir=done", *words()[2:], "encode.crf=0"]
    assert main(command) == 0
    last = np.arange(2 * SHOT + SHOT // 2) >= 2 * SHOT
    written = {name: changed(next(iter(Path("done").rglob(f"*{name}*.mp4")))) for name in ("anna", "third")}
    assert not written["anna"][last].any()
    assert not written["third"][~last].any()
    assert written["third"][last].any()


def test_the_picture_is_shipped_to_workers_elsewhere(folder: Path, tmp_path: Path) -> None:
    config = absolute(load_config(words(*BY_FACE, "out=dub.mp4")))
    assert config.face.reference == str(folder / "anna.png")
    far = SiteSpec(
        root=str(tmp_path / "root"),
        home="another machine",
        shared=False,
        copies=tmp_path / "copies",
        depot=Disk(),
    )
    with ExitStack() as stack:
        copy = here(config, Site(far), stack).face.reference
        assert copy is not None
        assert copy.startswith(str(tmp_path / "copies"))
        assert Path(copy).read_bytes() == Path("anna.png").read_bytes()


def test_the_faces_found_are_those_of_any_other_choice() -> None:
    """Who is meant decides nothing about how faces are found: one scan serves all."""
    by_face = FaceSettings(select="reference", reference="anna.png", likeness=0.7)
    assert by_face.of_scan() == FaceSettings().of_scan()


@pytest.mark.parametrize(("seconds", "fate"), [(-60, "settled"), (60, "new")])
def test_a_picture_that_was_replaced_makes_its_job_anew(seconds: int, fate: str, folder: Path) -> None:
    began = datetime.now(UTC)
    for name in ("talk.mp4", "dub.wav"):
        os.utime(name, (0, 0))
    moment = began.timestamp() + seconds
    os.utime("anna.png", (moment, moment))
    Path("dub.mp4").touch()
    done = row(state="done", started=began, out="dub.mp4", settings_hash="")
    config = load_config(words(*BY_FACE, "out=dub.mp4"))
    assert fates([(done, config, "hash")]) == [fate]
