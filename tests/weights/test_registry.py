"""The shipped registry: its facts are sane, its names mean one thing each; a bad registry is refused."""

from __future__ import annotations

import ast
import pickle
import re
from pathlib import Path

import pytest

import lipsync_ray.weights
from lipsync_ray.errors import ConfigError
from lipsync_ray.weights.entry import ArchiveSource, HttpsSource, WeightEntry, WheelSource
from lipsync_ray.weights.registry import Registry
from lipsync_ray.weights.store import WeightStore
from tests.weights.files import entry

OWN = Registry.load()
NAMES = {
    *("face_detector", "face_mesh", "s3fd", "fan", "fan_state", "parsenet", "retinaface_r50"),
    "face_identity",
    *("retinaface_mobilenet", "wav2lip_gan", "wav2lip_plain", "wav2lip_sd_gan", "wav2lip_sd_nogan"),
    *("wav2lip_syncnet", "lipgan_mel", "lipgan_mfcc", "vrt_dnet", "vrt_lnet", "vrt_enet", "vrt_face3d"),
    *("vrt_expression", "vrt_bfm", "vrt_ganimation", "gpen", "gfpgan_v1.3", "gfpgan_v1.4", "syncnet"),
}
BUNDLES = {
    *("default", "video_retalking", "wav2lip", "lipgan", "gfpgan", "gpen", "retinaface", "face_alignment"),
}


def addresses(known: WeightEntry) -> list[str]:
    found = [known.page] if known.page else []
    for source in known.sources:
        match source:
            case HttpsSource(url=url):
                found.append(url)
            case ArchiveSource(archive=archive):
                found += archive.urls
            case WheelSource(wheel=wheel):
                found += [wheel.url] if wheel.url else []
    return found


def test_every_file_and_bundle_that_engines_name_is_known() -> None:
    assert set(OWN.entries) == NAMES
    assert set(OWN.bundles) == BUNDLES


@pytest.mark.parametrize("known", OWN.entries.values(), ids=lambda known: known.name)
def test_facts_of_a_shipped_entry_are_sane(known: WeightEntry) -> None:
    assert known.licence
    assert "\n" not in known.licence
    assert known.purpose
    assert known.sources or known.page, "nobody can get it"
    assert known.commercial in ("yes", "no", "unclear")
    assert known.sha256 is None or re.fullmatch(r"[0-9a-f]{64}", known.sha256)
    assert not (known.size and known.about), "a rounded size beside the exact one"
    assert known.bytes is None or 500 < known.bytes < 4e9
    assert all(re.fullmatch(r"https://[a-z0-9.-]+/\S+", url) for url in addresses(known))
    assert len(addresses(known)) == len(set(addresses(known)))


def test_no_two_entries_share_bytes_or_names() -> None:
    """Twins are one entry with several names, so that a digest means one entry."""
    digests = [known.sha256 for known in OWN.entries.values() if known.sha256]
    files = [file for known in OWN.entries.values() for file in known.files]
    assert len(digests) == len(set(digests))
    assert len(files) == len(set(files))


def test_twins_of_different_projects_are_one_entry() -> None:
    twins = {
        "parsenet": {"parsing_parsenet.pth", "ParseNet-latest.pth"},
        "retinaface_r50": {"detection_Resnet50_Final.pth", "RetinaFace-R50.pth"},
        "retinaface_mobilenet": {"detection_mobilenet0.25_Final.pth", "mobilenet0.25_Final.pth"},
        "s3fd": {"s3fd-619a316812.pth", "s3fd.pth"},
        "vrt_face3d": {"face3d_pretrain_epoch_20.pth", "epoch_20.pth"},
    }
    assert {name: set(OWN.entry(name).files) for name in twins} == twins


def test_hashes_in_published_names_agree_with_the_registry() -> None:
    named = {"s3fd": "619a316812", "fan": "cd938726ad", "fan_state": "11f355bf06"}
    for name, start in named.items():
        known = OWN.entry(name)
        assert start in known.file
        assert known.sha256 is not None
        assert known.sha256.startswith(start)


def test_what_is_not_published_is_not_made_up() -> None:
    unhashed = {known.name for known in OWN.entries.values() if known.sha256 is None}
    assert unhashed == {"wav2lip_sd_nogan", "lipgan_mel", "lipgan_mfcc", "vrt_expression", "vrt_bfm"}
    by_hand = {known.name for known in OWN.entries.values() if not known.sources}
    assert by_hand == {"wav2lip_sd_nogan", "lipgan_mel", "lipgan_mfcc"}


def test_only_settled_terms_pass_for_commercial_use() -> None:
    allowed = {known.name for known in OWN.entries.values() if known.commercial == "yes"}
    assert allowed == {
        *("face_detector", "face_mesh", "face_identity", "retinaface_r50", "retinaface_mobilenet"),
    }


def test_bundles_hold_what_their_engines_need() -> None:
    assert OWN.default() == ["face_detector", "face_mesh"]
    assert OWN.resolve(["wav2lip"]) == ["wav2lip_gan"]
    assert [known.file for known in OWN.bundle("video_retalking")] == [
        *("DNet.pt", "LNet.pth", "ENet.pth", "face3d_pretrain_epoch_20.pth", "expression.mat"),
        *("similarity_Lm3D_all.mat", "GFPGANv1.4.pth"),
    ]
    assert OWN.resolve(["gfpgan", "video_retalking", "gfpgan_v1.4"])[0] == "gfpgan_v1.4"
    assert OWN.resolve(["gfpgan", "gfpgan_v1.4"]) == ["gfpgan_v1.4"]
    assert OWN.bundles_of("gfpgan_v1.4") == ["gfpgan", "video_retalking"]


def test_a_store_with_the_whole_registry_travels_to_workers() -> None:
    job = WeightStore()
    assert pickle.loads(pickle.dumps(job)) == job


def test_an_unknown_name_gets_a_hint() -> None:
    with pytest.raises(ConfigError, match=r"unknown weight 'wav2lip_gen'; did you mean wav2lip_gan\?; known"):
        OWN.entry("wav2lip_gen")
    with pytest.raises(ConfigError, match=r"wav2lip is a bundle of weights \(wav2lip_gan\), not a file"):
        OWN.entry("wav2lip")


def test_a_name_never_means_two_things() -> None:
    entries = {"a": entry("a"), "b": entry("b")}
    assert Registry(entries=entries, bundles={"a": ("a",)}).resolve(["a"]) == ["a"]
    with pytest.raises(ConfigError, match="a is a file and another bundle"):
        Registry(entries=entries, bundles={"a": ("a", "b")})
    with pytest.raises(ConfigError, match="bundle x names unknown c"):
        Registry(entries=entries, bundles={"x": ("a", "c")})


GOOD = "name: x, file: x.bin, licence: MIT, commercial: 'yes', purpose: a test"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("weights: [{name: x}]", "malformed"),
        ("{}", "malformed"),
        ("weights: [", "malformed"),
        (f"weights: [{{{GOOD}, colour: red}}]", "malformed"),
        (f"weights: [{{{GOOD}, sources: [{{archive: nowhere, member: x}}]}}]", "malformed"),
        (f"weights: [{{{GOOD}, sources: [{{https: 'http://a.example/x'}}]}}]", "not an https address"),
        (f"weights: [{{{GOOD}, page: 'http://a.example/x'}}]", "not an https address"),
        (f"weights: [{{{GOOD}, sha256: abc}}]", "64 hex digits"),
        (f"weights: [{{{GOOD}, sha256: {'A' * 64}}}]", "64 hex digits"),
        (f"weights: [{{{GOOD}, size: 0}}]", "above 0"),
        (f"weights: [{{{GOOD.replace('x.bin', '../x.bin')}}}]", "not a plain file name"),
        (f"weights: [{{{GOOD.replace('x.bin', '.hidden')}}}]", "not a plain file name"),
        (f"weights: [{{{GOOD.replace('yes', 'maybe')}}}]", "commercial is 'maybe'"),
        (f"weights: [{{{GOOD}}}, {{{GOOD}}}]", "x is told twice"),
    ],
)
def test_a_bad_registry_is_a_config_error(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "r.yaml").write_text(text)
    with pytest.raises(ConfigError, match=says):
        Registry.load(tmp_path / "r.yaml")


def test_nothing_here_can_execute_what_a_file_holds() -> None:
    """Files are hashed, copied and unpacked as bytes; reading them is for those who know what they hold."""
    risky = {"pickle", "torch", "numpy", "scipy", "h5py", "marshal", "shelve", "runpy"}
    for path in Path(lipsync_ray.weights.__path__[0]).glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            assert not {name.split(".")[0] for name in names} & risky, path
            assert not (isinstance(node, ast.Attribute) and node.attr in ("extractall", "extract")), path
