"""The doctor: finds what is broken and names the command that mends it."""

from __future__ import annotations

from importlib import metadata
from pathlib import Path

import pytest

from lipsync_ray.cli import main
from lipsync_ray.doctor import check_codecs, check_disk, check_folder, check_weights, report
from lipsync_ray.doctor_packages import Check, check_opencv, check_packages
from lipsync_ray.doctor_probe import Probe, probe_modules
from lipsync_ray.overrides import load_config


def test_a_working_installation_is_found_working(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    status = main(["doctor", f"cache.dir={tmp_path / 'cache'}", f"weights.folder={tmp_path / 'weights'}"])
    output = capsys.readouterr().out
    assert status == 0, output
    for name in ("python", "packages", "opencv", "video", "ray", "torch", "weights", "cache", "disk"):
        assert f" {name} " in output
    assert f"numpy {metadata.version('numpy')}" in output
    assert "nothing essential is broken" in output


def test_two_opencvs_of_different_versions_are_broken_and_mended() -> None:
    (check,) = check_opencv({"opencv-python-headless": "5.0.0.93", "opencv-python": "4.11.0.86"}, "4.11.0")
    assert check.state == "broken"
    assert check.mend == (
        "pip uninstall -y opencv-python && "
        "pip install --force-reinstall --no-deps opencv-python-headless==5.0.0.93"
    )


def test_two_opencvs_of_one_version_are_worth_a_note() -> None:
    same = {"opencv-python-headless": "5.0.0.93", "opencv-python": "5.0.0.93"}
    assert [check.state for check in check_opencv(same, "5.0.0")] == ["note"]


def test_one_opencv_that_is_not_what_it_says_is_broken() -> None:
    (check,) = check_opencv({"opencv-python-headless": "5.0.0.93"}, "4.11.0")
    assert check.state == "broken"
    assert "--force-reinstall" in check.mend


def test_a_removed_opencv_leaves_nothing_to_import() -> None:
    found = {"opencv-python-headless": "5.0.0.93", "opencv-python": "5.0.0.93"}
    assert [check.state for check in check_opencv(found, None)] == ["broken"]


def test_a_package_that_does_not_import_is_broken() -> None:
    probe = Probe(versions={}, errors={"av": "ImportError: libavcodec.so"})
    broken = [check for check in check_packages(probe) if check.state == "broken"]
    assert [(check.text, check.mend) for check in broken] == [
        ("av does not import: ImportError: libavcodec.so", "pip install --force-reinstall av")
    ]
    assert list(check_codecs(probe)) == []  # told once


def test_importing_is_tried_where_a_crash_does_no_harm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "crashes_here.py").write_text("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n")
    (tmp_path / "raises_here.py").write_text("raise RuntimeError('no')\n")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    probe = probe_modules(["json", "raises_here", "crashes_here", "absent_here", "csv"])
    assert set(probe.versions) == {"json", "csv"}
    assert probe.errors == {
        "raises_here": "RuntimeError: no",
        "crashes_here": "its import ends Python with status -11",
        "absent_here": "ModuleNotFoundError: No module named 'absent_here'",
    }


def test_a_folder_that_cannot_be_written_is_broken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    (check,) = check_folder(tmp_path / "file" / "cache")
    assert check.state == "broken"
    assert "cache.dir" in check.mend


def test_disk_is_measured_where_the_folder_will_be(tmp_path: Path) -> None:
    checks = list(check_disk(tmp_path / "not" / "yet"))
    assert all("GB free" in check.text for check in checks)
    assert not (tmp_path / "not").exists()


def test_a_damaged_weight_file_is_broken(tmp_path: Path) -> None:
    config = load_config(["video=a", f"weights.folder={tmp_path}"])
    store = config.weights.store("any")
    entry = next(iter(store.registry.entries.values()))
    (tmp_path / entry.file).write_bytes(b"damaged")
    states = {check.state for check in check_weights(config)}
    assert states == {"broken", "note"}


def test_weights_of_other_engines_are_missed_by_nobody(tmp_path: Path) -> None:
    config = load_config(["video=a", f"weights.folder={tmp_path / 'cache'}", f"weights.dir={tmp_path}"])
    (check,) = check_weights(config)
    assert check.text == "not fetched yet: face_detector, face_mesh (run fetches what it needs)"
    (tmp_path / "expression.mat").write_bytes(b"of VideoReTalking")
    (tmp_path / "lipgan_residual_mel.h5").write_bytes(b"of LipGAN")
    also, missing = check_weights(config)
    assert (also.state, also.text) == ("ok", "also here, for other engines: lipgan_mel, vrt_expression")
    assert missing == check


def test_a_wrong_file_of_another_engine_is_worth_a_note(tmp_path: Path) -> None:
    config = load_config(["video=a", f"weights.folder={tmp_path / 'cache'}", f"weights.dir={tmp_path}"])
    (tmp_path / "LNet.pth").write_bytes(b"half a download")
    wrong, _ = check_weights(config)
    assert (wrong.state, wrong.text) == ("note", f"{tmp_path / 'LNet.pth'} is not the published file")
    assert wrong.mend.endswith("weights pull vrt_lnet, or weights.verify=false")


def test_a_weights_folder_that_is_none_is_broken(tmp_path: Path) -> None:
    (check,) = check_weights(load_config(["video=a", f"weights.dir={tmp_path / 'checkponts'}"]))
    assert check.state == "broken"
    assert "is not a folder" in check.text


def test_the_report_counts_what_is_broken() -> None:
    text = report([Check(name="x", state="broken", text="bad", mend="do this")])
    assert text.splitlines() == [
        "broken  x         bad",
        "                  mend: do this",
        "1 broken: a dub cannot work yet",
    ]
