"""What a picture of who is meant has to show, and what is said where it does not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from lipsync_ray.errors import ConfigError, FaceNotFound, MediaError
from lipsync_ray.faces.models import FaceModels
from lipsync_ray.people.likeness import SAME, Describer, likeness
from lipsync_ray.people.reference import describe_reference, find_reference
from tests.people.conftest import Describe, Pair


def write(path: Path, rgb: np.ndarray) -> Path:
    cv2.imwrite(str(path), rgb[..., ::-1])
    return path


def test_a_picture_and_a_video_give_the_same_person(
    anna: Path, media_dir: Path, pair: Pair, models: FaceModels, describer: Describer, describe: Describe
) -> None:
    picture = describe_reference(anna, models, describer, "anna.png")
    video = describe_reference(media_dir / "talk_closeup_590.mp4", models, describer, "anna.mp4")
    assert likeness(picture, video) > SAME
    assert likeness(describe(pair.ben[0]), video) < SAME


def test_bystanders_in_a_picture_do_not_count(
    pair: Pair,
    portrait: np.ndarray,
    models: FaceModels,
    describer: Describer,
    describe: Describe,
    tmp_path: Path,
) -> None:
    both = np.full((640, 960, 3), 90, np.uint8)
    both[:, :640] = cv2.resize(portrait, (640, 640))
    both[480:, 800:] = cv2.resize(pair.anna[0], (160, 160), interpolation=cv2.INTER_AREA)
    found = describe_reference(write(tmp_path / "both.png", both), models, describer, "both.png")
    assert likeness(found, describe(portrait)) > SAME


def test_what_shows_no_one_person_is_refused(
    pair: Pair, portrait: np.ndarray, models: FaceModels, tmp_path: Path
) -> None:
    both = write(tmp_path / "both.png", np.hstack([pair.anna[0], pair.ben[0]]))
    with pytest.raises(ConfigError, match=r"both\.png \(face\.reference\) shows 2 faces"):
        find_reference(both, models, "both.png")
    nobody = write(tmp_path / "wall.png", np.full((200, 300, 3), 120, np.uint8))
    with pytest.raises(FaceNotFound, match=r"no face in wall\.png \(speakers\.ben; frames checked: 1\)"):
        find_reference(nobody, models, "wall.png", "speakers.ben")
    far = np.full((200, 300, 3), 120, np.uint8)
    far[20:100, 20:100] = cv2.resize(portrait, (80, 80), interpolation=cv2.INTER_AREA)
    with pytest.raises(FaceNotFound, match=r"far\.png .* too small to tell who it is"):
        find_reference(write(tmp_path / "far.png", far), models, "far.png")
    (tmp_path / "junk.png").write_text("no picture")
    with pytest.raises(MediaError, match=r"face\.reference: .*junk\.png"):
        find_reference(tmp_path / "junk.png", models, "junk.png")
