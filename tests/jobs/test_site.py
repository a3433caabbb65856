"""Workers that do not share the driver's disk, in this very process: all files go through a depot."""

from __future__ import annotations

import wave
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import av
import pytest

from lipsync_ray.config import to_plain
from lipsync_ray.distributed.depot import Disk
from lipsync_ray.distributed.dispatcher import Dispatcher
from lipsync_ray.distributed.local_pool import LocalPool
from lipsync_ray.dubbing import dub
from lipsync_ray.errors import ObjectMissing
from lipsync_ray.fingerprint import code_version
from lipsync_ray.jobs.backlog import Backlog, Ended, Job
from lipsync_ray.jobs.bench import Bench, BenchSpec
from lipsync_ray.jobs.course import Course
from lipsync_ray.jobs.life import dub_course
from lipsync_ray.jobs.places import JobSpec, absolute
from lipsync_ray.jobs.site import Site, SiteSpec
from lipsync_ray.jobs.yard import RunYard
from lipsync_ray.overrides import load_config
from lipsync_ray.progress import NullProgress
from lipsync_ray.sidecar import Result
from tests.conftest import ROOT


class Counted(Disk):
    """Counts the blocks that leave it."""

    def __init__(self) -> None:
        super().__init__()
        self.read_from: list[str] = []

    def read(self, path: str, offset: int, length: int) -> bytes:
        self.read_from.append(path)
        return super().read(path, offset, length)


@pytest.fixture
def far(tmp_path: Path) -> SiteSpec:
    """What a worker on another machine is told."""
    return SiteSpec(
        root=str(tmp_path / "root"),
        home="another machine",
        shared=False,
        copies=tmp_path / "copies",
        depot=Counted(),
    )


def test_folders_are_copies_that_go_both_ways(far: SiteSpec) -> None:
    here, there = Site(far, driver=True), Site(far)
    assert here.direct
    assert not there.direct
    (here.folder("jobs/a") / "one").write_text("1")
    copy = there.need("jobs/a", ["one"])
    assert (copy / "one").read_text() == "1"
    assert copy != here.folder("jobs/a")
    (copy / "two").write_text("2")
    there.publish("jobs/a", ["two"])
    assert here.names("jobs/a") == there.names("jobs/a") == {"one", "two"}
    here.forget("jobs/a")
    assert there.names("jobs/a") == set()
    there.close()
    assert not copy.exists()


def test_a_machine_that_sees_the_beacon_works_in_the_root_itself(tmp_path: Path) -> None:
    (tmp_path / ".beacon").touch()
    spec = SiteSpec(root=str(tmp_path), home="another machine", beacon=".beacon", depot=Disk())
    assert Site(spec).direct
    assert not Site(replace(spec, beacon=".other")).direct
    assert not Site(replace(spec, shared=False)).direct


def test_an_input_is_fetched_once_and_a_missing_one_is_named(far: SiteSpec, tmp_path: Path) -> None:
    (tmp_path / "in.wav").write_bytes(b"sound")
    site, again = Site(far), Site(far)
    with ExitStack() as stack:
        paths = {part.input(str(tmp_path / "in.wav"), stack) for part in (site, again)}
        assert len(paths) == 1
        assert paths.pop().read_bytes() == b"sound"
        with pytest.raises(ObjectMissing, match=r"absent\.wav does not exist"):
            site.input(str(tmp_path / "absent.wav"), stack)
    assert isinstance(far.depot, Counted)
    assert far.depot.read_from == [str(tmp_path / "in.wav")]


def test_an_output_arrives_whole_or_not_at_all(far: SiteSpec, tmp_path: Path) -> None:
    out = tmp_path / "out" / "o.mp4"
    out.parent.mkdir()

    def write(*, fail: bool) -> None:
        with Site(far).output(str(out)) as path:
            assert path.suffix == ".mp4"
            path.write_text("half")
            if fail:
                raise RuntimeError

    with pytest.raises(RuntimeError):
        write(fail=True)
    assert not list(out.parent.iterdir())
    write(fail=False)
    assert [path.name for path in out.parent.iterdir()] == ["o.mp4"]


def test_a_dub_without_a_shared_disk_is_the_same(far: SiteSpec, tmp_path: Path) -> None:
    sound = tmp_path / "short.wav"
    with wave.open(str(ROOT / "examples" / "hello.wav")) as whole, wave.open(str(sound), "wb") as cut:
        cut.setparams(whole.getparams())
        cut.writeframes(whole.readframes(int(0.6 * whole.getframerate())))
    words = [f"video={ROOT / 'examples' / 'portrait.png'}", f"audio={sound}", "chunk.seconds=0.2"]
    words += [
        "encode.preset=ultrafast",
        "quality.enabled=false",
        "chunk.overlap=2",
        "ray.cluster=none",
        "cache.enabled=false",
    ]
    near = dub(load_config([*words, f"out={tmp_path / 'near.mp4'}"]))
    config = load_config([*words, f"out={tmp_path / 'far.mp4'}"])
    spec = JobSpec(name="job", config=absolute(config), told=to_plain(config))
    with LocalPool(Bench, BenchSpec(site=far, code=code_version())) as pool:
        dispatcher = Dispatcher(pool)
        yard = RunYard(pool, Site(far, driver=True), dispatcher.is_open)
        course = Course(spec, yard, NullProgress())
        job = Job(name="job", course=course, steps=dub_course(course))
        (ended,) = Backlog(dispatcher, yard, ahead=8).run([job])
    assert isinstance(ended, Ended)
    assert ended.error is None
    assert isinstance(ended.result, Result)
    assert ended.result.digest == near.digest
    with av.open(str(tmp_path / "far.mp4")) as made:
        assert sum(1 for _ in made.decode(video=0)) == near.frames
    assert not list((tmp_path / "root" / "jobs").iterdir())
    assert sorted(path.name for path in tmp_path.iterdir()) == [
        "copies", "far.json", "far.mp4", "near.json", "near.mp4", "root", "short.wav",
    ]  # fmt: skip
