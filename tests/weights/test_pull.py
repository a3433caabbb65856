"""Pulling several files: all that can be had come; one error names the others."""

from __future__ import annotations

from pathlib import Path

import pytest

from lipsync_ray.errors import ConfigError, LicenseRefused, WeightsCorrupt, WeightsMissing
from lipsync_ray.weights.entry import HttpsSource, WeightEntry
from tests.weights.files import BYTES, Web, entry, store


def served(web: Web, name: str, data: bytes | None = None, **facts: object) -> WeightEntry:
    """An entry that the web server has."""
    data = data or name.encode()
    return entry(name, data, sources=(HttpsSource(url=web.put(f"{name}.bin", data)),), **facts)


def test_a_bundle_is_pulled_by_its_name(tmp_path: Path, web: Web) -> None:
    job = store(tmp_path, *(served(web, name) for name in "abc"), bundles={"engine": ("a", "c")})
    seen: list[str] = []
    assert set(job.pull(["engine"], on_ready=lambda name, path: seen.append(name))) == {"a", "c"}
    assert seen == ["a", "c"]
    assert [status.state for status in job.status()] == ["present", "absent", "present"]


def test_without_names_only_the_default_bundle_is_pulled(tmp_path: Path, web: Web) -> None:
    job = store(tmp_path, *(served(web, name) for name in "abc"), bundles={"default": ("b",)})
    assert list(job.pull()) == ["b"]


def test_files_that_cannot_be_had_do_not_keep_the_others(tmp_path: Path, web: Web) -> None:
    by_hand = entry("drive", page="https://drive.example/folder")
    gone = entry("gone", sources=(HttpsSource(url=f"{web.url}/gone.bin"),))
    job = store(tmp_path, by_hand, served(web, "a"), gone, served(web, "b"))
    seen: list[str] = []
    with pytest.raises(WeightsMissing) as caught:
        job.pull(["drive", "a", "gone", "b"], on_ready=lambda name, path: seen.append(name))
    assert seen == ["a", "b"]
    assert str(caught.value) == (
        "2 of 4 files cannot be fetched: drive (drive.bin, https://drive.example/folder), "
        f"gone (gone.bin, {web.url}/gone.bin); get them where their authors publish them, put them into "
        "a folder and set weights.dir=FOLDER; the first failed: drive (drive.bin): no program can fetch it"
    )


def test_one_that_cannot_be_had_says_where_its_authors_publish_it(tmp_path: Path) -> None:
    job = store(tmp_path, entry("drive", page="https://drive.example/folder"))
    with pytest.raises(WeightsMissing) as caught:
        job.pull(["drive"])
    assert str(caught.value) == (
        "drive (drive.bin): no program can fetch it; its authors publish it at https://drive.example/folder: "
        "put it into a folder and set weights.dir=FOLDER"
    )


def test_wrong_files_are_told_beside_missing_ones(tmp_path: Path, web: Web) -> None:
    wrong = entry("wrong", sources=(HttpsSource(url=web.put("wrong.bin", BYTES[::-1])),))
    other = entry("other", sources=(HttpsSource(url=web.put("other.bin", BYTES[::-1])),))
    job = store(tmp_path, wrong, other, entry("gone"), entry("lost"))
    with pytest.raises(WeightsMissing, match=r"^2 of 3 files.*gone.*lost.*not the published file"):
        job.pull(["wrong", "gone", "lost"])
    with pytest.raises(WeightsCorrupt, match=r"wrong.*other"):
        job.pull(["wrong", "other"])


def test_terms_are_looked_at_before_anything_is_fetched(tmp_path: Path, web: Web) -> None:
    job = store(
        tmp_path, served(web, "a"), served(web, "b", commercial="no", licence="NC"), policy="commercial"
    )
    with pytest.raises(
        LicenseRefused, match=r"b \(b\.bin, NC\) forbid it; allowed are a: .*license\.policy=any"
    ):
        job.pull(["a", "b"])
    assert web.requests == []


def test_an_unknown_name_is_refused_before_anything_is_fetched(tmp_path: Path, web: Web) -> None:
    with pytest.raises(ConfigError, match="unknown weight 'x'"):
        store(tmp_path, served(web, "a")).pull(["a", "x"])
    assert web.requests == []
