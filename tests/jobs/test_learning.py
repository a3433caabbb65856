"""What a finished job teaches of the time that others take."""

from __future__ import annotations

import pytest

from lipsync_ray.jobs.course import Account
from lipsync_ray.jobs.learning import learn_from
from lipsync_ray.overrides import load_config
from lipsync_ray.triage.estimate import Places
from lipsync_ray.triage.pace import Paces


def taught(chunks_reused: int = 0, copied: int = 0) -> set[str]:
    """The kinds of work of which something is known after a job."""
    done, paces = Account(scanned=True, frames=1000, megapixels=1.0), Paces()
    done.chunks_reused, done.copied = chunks_reused, copied
    for stage in ("scan", "render", "review"):
        done.clock.spend(stage, 500.0)
    config = load_config(["video=in.mp4", "audio=dub.wav"])
    learn_from(paces, config, done, Places(cpu=1, drawing=1))
    return {kind.split("/")[0] for kind in paces.learnt}


@pytest.mark.parametrize(
    ("account", "untold"),
    [({}, set()), ({"chunks_reused": 1}, {"render"}), ({"copied": 500}, {"render", "review"})],
)
def test_stages_that_did_not_do_all_teach_nothing(account: dict[str, int], untold: set[str]) -> None:
    assert taught(**account) == taught() - untold
    assert {"scan", "render", "review"} <= taught()
