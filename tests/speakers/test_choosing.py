"""A face for each speaker, none twice."""

from __future__ import annotations

import numpy as np
import pytest

from lipsync_ray.errors import ConfigError, FaceNotFound
from lipsync_ray.faces.select import Reason
from lipsync_ray.faces.settings import FaceSettings
from lipsync_ray.faces.track import LightFaces
from lipsync_ray.media.index import build_table
from lipsync_ray.media.table import FrameTable
from lipsync_ray.role import Role, leading
from lipsync_ray.speakers.cast import cast_of
from lipsync_ray.speakers.choosing import choose_roles
from lipsync_ray.speakers.settings import SpeakerRow
from tests.clips import make_clip

SEEN = {0: (40, range(0, 60)), 1: (160, range(0, 60)), 2: (90, range(60, 100)), 3: (100, range(10, 14))}
SIZES = {0: 60, 1: 50, 2: 70, 3: 64}  # px


@pytest.fixture(scope="module")
def table(tmp_path_factory: pytest.TempPathFactory) -> FrameTable:
    """Times of 100 frames of 192 x 108; what is seen in them is told by ``faces``."""
    return build_table(make_clip("cfr", tmp_path_factory.mktemp("clip") / "clip.mp4").path)


@pytest.fixture(scope="module")
def faces(table: FrameTable) -> LightFaces:
    """Two people, then a cut to a third; someone passes behind the first two."""
    rows = sorted((frame, face) for face, (_, frames) in SEEN.items() for frame in frames)
    face = np.array([number for _, number in rows], np.int32)
    x, size = (
        np.array([values[number] for number in face])
        for values in ({k: v[0] for k, v in SEEN.items()}, SIZES)
    )
    box = np.stack([x - size / 2, 60 - size / 2, x + size / 2, 60 + size / 2], axis=1).astype(np.float32)
    zeros = np.zeros(len(rows), np.float32)
    return LightFaces(
        frame=np.array([frame for frame, _ in rows], np.int64),
        face=face,
        box=box,
        score=zeros + 1,
        yaw=zeros,
        pitch=zeros,
        roll=zeros,
        redness=np.full((len(rows), 2), 0.1, np.float32),
        sharpness=zeros,
        frames=len(table),
        best=None,
    )


def chosen(table: FrameTable, faces: LightFaces, *rows: SpeakerRow) -> dict[str, Role]:
    shots = (np.arange(len(table)) >= 60).astype(np.int32)
    settings = FaceSettings(min_size=20, occlusion=0)
    return {role.name: role for role in choose_roles(faces, shots, table, settings, cast_of(rows), {})}


def says(face: str, name: str = "") -> SpeakerRow:
    return SpeakerRow(speaker=name or face, face=face, audio="a.wav")


def seen(role: Role) -> set[int]:
    return set(role.target.face[role.target.face >= 0].tolist())


def test_left_and_right_where_two_are_seen(table: FrameTable, faces: LightFaces) -> None:
    roles = chosen(table, faces, says("right"), says("left"))
    assert list(roles) == ["right", "left"]
    assert (seen(roles["left"]), seen(roles["right"])) == ({0}, {1})  # and neither in the shot of one


def test_numbers_come_first(table: FrameTable, faces: LightFaces) -> None:
    roles = chosen(table, faces, says("largest"), says("0+2", "anna"))
    assert seen(roles["anna"]) == {0, 2}
    assert seen(roles["largest"]) == {1}


def test_places(table: FrameTable, faces: LightFaces) -> None:
    roles = chosen(table, faces, says("160:60", "ben"), says("0:0:60:120", "anna"))
    assert 1 in seen(roles["ben"])
    assert seen(roles["anna"]) == {0}


def test_left_alone_for_a_while(table: FrameTable, faces: LightFaces) -> None:
    times = table.times()
    leave = SpeakerRow(speaker="anna", audio="leave", start=float(times[20]), end=float(times[30]))
    everyone = SpeakerRow(face="*", audio="leave", start=float(times[40]), end=float(times[41]))
    roles = chosen(table, faces, says("0", "anna"), says("1", "ben"), leave, everyone)
    kept = {name: np.flatnonzero(role.target.reason == Reason.KEPT).tolist() for name, role in roles.items()}
    assert kept == {"anna": [*range(20, 30), 40], "ben": [40]}
    strength = roles["anna"].target.strength
    assert not strength[kept["anna"]].any()
    assert 0 < strength[19] < strength[16] < strength[10] == 1  # fades, as before a face that is lost
    both = leading(tuple(roles.values()))
    assert both.counts()["kept"] == 1  # in all other frames somebody is dubbed
    assert both.face[25] == 1


def test_who_is_not_there(table: FrameTable, faces: LightFaces) -> None:
    with pytest.raises(ConfigError, match=r"anna has face 7, but the faces seen are 0 to 3"):
        chosen(table, faces, says("7", "anna"))
    with pytest.raises(FaceNotFound, match=r"speaker ben: the face is that of anna already"):
        chosen(table, faces, says("0", "anna"), says("0", "ben"))
    with pytest.raises(ConfigError, match=r"speaker 9999:10: face\.point=.* lies outside"):
        chosen(table, faces, says("9999:10"))
