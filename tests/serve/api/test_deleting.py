"""A job may be deleted while another one still reads its video."""

from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_ray.serve.job import InputFile
from tests.serve.api.served import house


@pytest.mark.parametrize(("other", "there"), [("same", True), ("different", False)])
def test_the_video_of_a_deleted_job_stays_while_its_faces_are_looked_for_by_another(
    tmp_path: Path, other: str, there: bool
) -> None:
    def video(sha256: str) -> InputFile:
        return InputFile(name="clip.mp4", place="video.mp4", bytes=4, sha256=sha256)

    with house(tmp_path) as here, here.client() as client:
        gone = here.add(state="cancelled", finished=1.0, video=video("same"))
        here.add(state="running", video=video(other))
        assert client.delete(f"/v1/jobs/{gone.id}").status_code == 204
        assert client.get(f"/v1/jobs/{gone.id}").status_code == 404
        assert (here.places.job(gone.id) / "video.mp4").exists() is there
