from __future__ import annotations

from pathlib import Path

import contact_sheet
import cv2
import numpy as np

from tests.faults.files import make_clip


def test_frames_are_matched_by_time():
    uneven = np.array([0.033, 0.1, 0.133, 0.5])
    wanted = np.array([0.0, 0.06, 0.07, 0.134, 0.3, 9.0])
    assert contact_sheet.nearest(uneven, wanted).tolist() == [0, 0, 1, 2, 2, 3]
    assert contact_sheet.nearest(np.array([0.0]), wanted).tolist() == [0] * 6


def test_a_sheet_of_two_videos(tmp_path: Path):
    clip, sheet = make_clip(tmp_path / "talk.mp4", 12), tmp_path / "sheet.png"
    words = [str(clip), str(clip), str(sheet), "--frames", "4", "--columns", "2"]
    assert contact_sheet.main(words) == 0
    found = cv2.imread(str(sheet))
    assert found is not None
    rows, columns = found.shape[0] // 2, found.shape[1] // 2
    tile = found[40 : rows - 10, : columns - 6].astype(int)
    assert np.abs(tile[:, : columns // 2 - 6] - tile[:, columns // 2 :][:, : columns // 2 - 6]).mean() < 25
