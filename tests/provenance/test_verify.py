"""A dub says what was edited in it, and the verb verify finds out whether it still is that dub."""

from __future__ import annotations

import json
import re
import shutil
from datetime import UTC, datetime
from pathlib import Path

import av
import c2pa
import numpy as np
import pytest

from lipsync_ray.cli import main
from lipsync_ray.errors import ProvenanceBroken, ProvenanceMissing, VideoUnreadable
from lipsync_ray.provenance.certificates import make_development_pem
from lipsync_ray.provenance.development import development_anchors, development_folder
from lipsync_ray.provenance.library import open_context
from lipsync_ray.provenance.reading import read_credentials
from lipsync_ray.provenance.verify import verify
from lipsync_ray.storage.whole import content_hash
from tests.provenance.conftest import FRAMES, Home
from tests.provenance.keys import make_studio

Captured = pytest.CaptureFixture[str]


def check(capsys: Captured, *words: object) -> tuple[int, str, str]:
    capsys.readouterr()
    status = main(["verify", *map(str, words)])
    out, err = capsys.readouterr()
    assert err.count("\n") == (1 if status else 0), err
    return status, out, err


def copied(path: Path, folder: Path, *, sidecar: bool = True) -> Path:
    if sidecar:
        shutil.copy(path.with_suffix(".json"), folder)
    return Path(shutil.copy(path, folder))


def flip(path: Path, at: int) -> Path:
    data = bytearray(path.read_bytes())
    data[at] ^= 1
    path.write_bytes(data)
    return path


def rewritten(source: Path, target: Path, *, encoded: bool) -> Path:
    """The file through another program: remuxed, or its picture encoded again."""
    with av.open(str(source)) as old, av.open(str(target), "w") as new:
        video = old.streams.video[0]
        if not encoded:
            stream = new.add_stream_from_template(video)
            for packet in old.demux(video):
                if packet.dts is not None:
                    packet.stream = stream
                    new.mux(packet)
            return target
        stream = new.add_stream("libx264", rate=25, options={"preset": "ultrafast"})
        stream.width, stream.height, stream.pix_fmt = video.width, video.height, "yuv420p"
        for frame in old.decode(video):
            frame.pts = None
            new.mux(stream.encode(frame))
        new.mux(stream.encode())
    return target


def manifest_of(path: Path) -> dict:
    with open_context() as context, c2pa.Reader(str(path), context=context) as reader:
        found = json.loads(reader.json())
    return found["manifests"][found["active_manifest"]]


def test_an_untouched_dub_is_accepted_and_tells_all(signed: Path, home: Home, capsys: Captured) -> None:
    status, out, _ = check(capsys, signed)
    assert status == 0
    told = json.loads(signed.with_suffix(".json").read_text())
    for text in (
        "Untouched since it was signed.",
        "0.00-0.80 s (0.80 s in all)",
        f"{FRAMES} of {FRAMES} frames",
        "engine tests.toy_engines:Brighten",
        "made on this machine: it proves nobody's identity",
        "contract 17/2026",
        "'AI-edited' is seen",
        told["plan"]["source_hash"],
        told["provenance"]["manifest"],
    ):
        assert text in out
    assert told["provenance"]["development"] is True
    assert told["provenance"]["edited"] == [
        {"start_frame": 0, "stop_frame": FRAMES, "start_s": 0.0, "stop_s": 0.8}
    ]
    plain = json.loads(check(capsys, signed, "--json")[1])
    assert plain["sha256"] == told["provenance"]["sha256"]
    assert plain["credentials"]["facts"]["digest"] == told["result"]["digest"]


def test_the_manifest_is_what_the_standard_asks_for(signed: Path, home: Home) -> None:
    with open_context(development_anchors()) as context, c2pa.Reader(str(signed), context=context) as reader:
        assert reader.get_validation_state() == "Trusted"
    with open_context() as context, c2pa.Reader(str(signed), context=context) as reader:
        assert reader.get_validation_state() == "Valid"  # a whole file of an unknown signer
        codes = [one["code"] for one in json.loads(reader.json())["validation_status"]]
        assert codes == ["signingCredential.untrusted"]
    manifest = manifest_of(signed)
    actions = next(one["data"]["actions"] for one in manifest["assertions"] if "actions" in one["label"])
    assert [one["action"] for one in actions] == ["c2pa.opened", "c2pa.placed", "c2pa.edited"]
    assert actions[2]["digitalSourceType"].endswith("/compositeWithTrainedAlgorithmicMedia")
    assert actions[2]["softwareAgent"]["name"] == "lipsync_ray"
    assert [(one["title"], one["relationship"]) for one in manifest["ingredients"]] == [
        ("talk.mp4", "parentOf"),
        ("dub.wav", "componentOf"),
    ]
    assert str(home.folder).encode() not in signed.read_bytes()


def test_neither_key_nor_its_text_is_written_anywhere_else(signed: Path, home: Home) -> None:
    (kept,) = development_folder().glob("*.pem")
    secret = kept.read_bytes().splitlines()[1]
    written = [path for path in home.folder.rglob("*") if path.is_file()]
    assert signed in written
    assert not [path for path in written if secret in path.read_bytes() or b"PRIVATE" in path.read_bytes()]
    assert not [path for path in written if path.name.startswith(".")]


def boxes(data: bytes) -> list[tuple[bytes, int, int]]:
    """Kind, first byte and end of the boxes of a file."""
    found, at = [], 0
    while at < len(data):
        end = at + int.from_bytes(data[at : at + 4], "big")
        found.append((data[at + 4 : at + 8], at, end))
        at = end
    return found


def uncovered(data: bytes) -> set[int]:
    """What docs/provenance.md says of the manifest's box: its head, the heads and names of parts, filling."""
    (start, end) = next((start, end) for kind, start, end in boxes(data) if kind == b"uuid")
    begin = data.index(b"jumb", start) - 4
    spots = set(range(start + 24, begin + 4))
    for found in re.finditer(b"jumb", data[begin:end]):
        at = begin + found.start()
        named = int.from_bytes(data[at + 4 : at + 8], "big")
        if data[at + 8 : at + 12] == b"jumd":
            spots |= set(range(at - 4, at + 4 + named))
    for found in re.finditer(rb"pad(?=[X-Z\x40-\x57])|\x00{2,}", data[begin:end]):
        spots |= set(range(begin + found.start(), begin + found.end()))
    return spots


def test_any_flipped_byte_is_found(signed: Path, tmp_path: Path) -> None:
    whole = signed.read_bytes()
    rng = np.random.default_rng(1)
    spots = {at for _, start, _ in boxes(whole) for at in range(start, start + 16)}
    spots |= set(rng.integers(0, len(whole), 60).tolist()) | set(rng.integers(0, 6000, 60).tolist())
    free = uncovered(whole)
    assert len(free) < 2000  # of which a thousand are filling
    assert len(spots - free) > 100
    path = copied(signed, tmp_path)
    for at in sorted(spots):
        path.write_bytes(whole)
        flip(path, at)
        with pytest.raises((ProvenanceBroken, VideoUnreadable, ProvenanceMissing)):
            verify(str(path))
    path.with_suffix(".json").unlink()
    for at in sorted(spots - free):
        path.write_bytes(whole)
        flip(path, at)
        with pytest.raises((ProvenanceBroken, VideoUnreadable, ProvenanceMissing)):
            verify(str(path))


def test_no_piece_of_a_large_file_can_be_changed_or_moved(
    home: Home, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What is played is hashed piece by piece; here the pieces are small instead."""
    monkeypatch.setattr("lipsync_ray.provenance.library.LEAF_KB", 1)
    path = tmp_path / "out.mp4"
    home.dub(path)
    path.with_suffix(".json").unlink()
    assert verify(str(path)).by == "manifest"
    whole = path.read_bytes()
    start, end = next((start + 8, end) for kind, start, end in boxes(whole) if kind == b"mdat")
    assert end - start > 10 * 1024
    first, second = whole[start : start + 1024], whole[start + 1024 : start + 2048]
    path.write_bytes(whole[:start] + second + first + whole[start + 2048 :])
    with pytest.raises(ProvenanceBroken, match="was changed after it was signed"):
        verify(str(path))
    for at in range(start + 500, end, 1024):
        path.write_bytes(whole)
        flip(path, at)
        with pytest.raises(ProvenanceBroken, match="was changed after it was signed"):
            verify(str(path))


@pytest.mark.parametrize(
    "more",
    [
        b"\0\0\0\x08free",
        b"\0\0\0\x0cskipmore",
        b"\0\0\0\0free and more",
        b"\0\0\0\x0cmframore",
        b"\0\0\0\x28uuid" + bytes.fromhex("d8fec3d61b0e483c92975828877ec481") + bytes(16),
        b"abc",
    ],
)
def test_boxes_that_the_standard_passes_over_cannot_be_added(
    more: bytes, signed: Path, tmp_path: Path, capsys: Captured
) -> None:
    path = copied(signed, tmp_path, sidecar=False)
    path.write_bytes(path.read_bytes() + more)
    assert "PROVENANCE_BROKEN" in check(capsys, path)[2]


def test_a_manifest_that_was_taken_off_is_missed_though_the_sidecar_was_rewritten(
    signed: Path, tmp_path: Path, capsys: Captured
) -> None:
    path = rewritten(signed, tmp_path / "signed.mp4", encoded=False)
    told = json.loads(signed.with_suffix(".json").read_text())
    told["provenance"]["sha256"] = content_hash(path)
    path.with_suffix(".json").write_text(json.dumps(told))
    status, _, err = check(capsys, path)
    assert (status, "PROVENANCE_BROKEN" in err, "was taken off" in err) == (1, True, True)


def test_a_truncated_file_is_found(signed: Path, tmp_path: Path, capsys: Captured) -> None:
    path = copied(signed, tmp_path, sidecar=False)
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 2 // 3])
    status, _, err = check(capsys, path)
    assert status == 1
    assert "PROVENANCE_BROKEN" in err


@pytest.mark.parametrize("encoded", [True, False])
def test_what_other_programs_write_has_lost_its_manifest(
    encoded: bool, signed: Path, tmp_path: Path, capsys: Captured
) -> None:
    path = rewritten(signed, tmp_path / "signed.mp4", encoded=encoded)
    status, _, err = check(capsys, path)
    assert (status, "PROVENANCE_NONE" in err) == (1, True)
    shutil.copy(signed.with_suffix(".json"), tmp_path / "elsewhere.json")
    status, _, err = check(capsys, path, f"sidecar={tmp_path / 'elsewhere.json'}")
    assert status == 1
    assert "PROVENANCE_BROKEN" in err
    assert "its manifest is gone" in err
    assert "encoded again" in err


def test_what_is_no_video_is_told(signed: Path, tmp_path: Path, capsys: Captured) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    assert "VIDEO_UNREADABLE" in check(capsys, tmp_path / "text.mp4")[2]
    (tmp_path / "text.txt").write_text("no video")
    assert "VIDEO_UNREADABLE" in check(capsys, tmp_path / "text.txt")[2]
    assert "STORAGE: " in check(capsys, tmp_path / "none.mp4")[2]
    assert "is a folder" in check(capsys, tmp_path)[2]
    assert "verify takes one file" in check(capsys)[2]
    assert "trust=" in check(capsys, signed, f"trust={tmp_path / 'text.txt'}")[2]


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[" * 100_000,
        "[]",
        '{"provenance": []}',
        '{"provenance": {"sha256": 5}}',
        '{"provenance": {"sha256": "' + "0" * 64 + '", "mode": {}, "edited": 7}}',
        b"\xff\xfe\x00",
    ],
)
def test_a_sidecar_that_is_none_is_passed_over_or_refused(
    content: str | bytes, signed: Path, tmp_path: Path, capsys: Captured
) -> None:
    path = copied(signed, tmp_path, sidecar=False)
    beside = tmp_path / "signed.json"
    beside.write_bytes(content if isinstance(content, bytes) else content.encode())
    assert check(capsys, path)[0] == 0
    status, _, err = check(capsys, path, f"sidecar={beside}")
    assert (status, "CONFIG: sidecar=" in err) == (1, True)


def test_a_folder_with_the_name_of_a_sidecar_is_passed_over(
    signed: Path, tmp_path: Path, capsys: Captured
) -> None:
    path = copied(signed, tmp_path, sidecar=False)
    path.with_suffix(".json").mkdir()
    assert check(capsys, path)[0] == 0
    assert "is a folder" in check(capsys, path, f"sidecar={path.with_suffix('.json')}")[2]


def test_a_huge_sidecar_is_not_read(signed: Path, tmp_path: Path, capsys: Captured) -> None:
    path = copied(signed, tmp_path, sidecar=False)
    with (tmp_path / "signed.json").open("wb") as file:
        file.truncate(1 << 40)
    assert check(capsys, path)[0] == 0


def test_off_is_recorded_and_the_sidecar_knows_the_bytes(
    home: Home, tmp_path: Path, capsys: Captured
) -> None:
    out = tmp_path / "off.mp4"
    home.dub(out, "provenance=off")
    told = json.loads(out.with_suffix(".json").read_text())["provenance"]
    assert (told["mode"], told["manifest"], told["signer"]) == ("off", None, None)
    status, text, _ = check(capsys, out)
    assert status == 0
    assert "Nobody has signed that" in text
    assert "no (provenance=off)" in text
    flip(out, out.read_bytes().rfind(b"mdat") + 60)
    assert "PROVENANCE_BROKEN" in check(capsys, out)[2]
    out.with_suffix(".json").unlink()
    assert "PROVENANCE_NONE" in check(capsys, out)[2]


def test_matroska_has_its_manifest_beside_it(home: Home, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "beside.mkv"
    home.dub(out)
    assert {path.name for path in tmp_path.iterdir()} == {"beside.mkv", "beside.c2pa", "beside.json"}
    assert "Untouched since it was signed." in check(capsys, out)[1]
    sound = out.read_bytes()
    flip(out, len(sound) // 2)
    assert "was changed after it was signed" in check(capsys, out)[2]
    out.write_bytes(sound)
    flip(tmp_path / "beside.c2pa", 2000)
    assert "PROVENANCE_BROKEN" in check(capsys, out)[2]
    (tmp_path / "beside.c2pa").unlink()
    assert "its manifest is not here any more" in check(capsys, out)[1]


def test_a_manifest_of_an_earlier_output_goes_with_it(home: Home, tmp_path: Path, capsys: Captured) -> None:
    out = tmp_path / "again.mkv"
    home.dub(out)
    home.dub(out, "provenance=off")
    assert {path.name for path in tmp_path.iterdir()} == {"again.mkv", "again.json"}
    assert "Nobody has signed that" in check(capsys, out)[1]


def test_own_certificates_name_who_signed_and_the_source_keeps_its_history(
    signed: Path, home: Home, tmp_path: Path, capsys: Captured
) -> None:
    studio, out = make_studio(tmp_path / "keys"), tmp_path / "own.mov"
    home.dub(out, *studio.words, video=signed)
    status, text, _ = check(capsys, out)
    assert status == 0
    assert "signed by   Studio Dubs, Studio" in text
    assert "is not proven" in text
    assert "and 1 of its sources" in text
    text = check(capsys, out, f"trust={studio.authority}")[1]
    assert "an authority that you trust has issued the certificate" in text
    told = json.loads(out.with_suffix(".json").read_text())["provenance"]
    assert (told["signer"], told["development"]) == ("Studio Dubs, Studio", False)


def damaged(pem: bytes) -> bytes:
    """A certificate of which a part is missing."""
    lines = pem.splitlines(keepends=True)
    return b"".join([*lines[:2], *lines[4:]])


def test_a_damaged_certificate_among_the_trusted_ones_breaks_no_file(
    signed: Path, home: Home, tmp_path: Path, capsys: Captured
) -> None:
    wrong = tmp_path / "wrong.pem"
    wrong.write_bytes(damaged(make_studio(tmp_path / "keys").authority.read_bytes()))
    (own,) = development_folder().glob("development-*.pem")
    beside = development_folder() / "development-0.pem"
    for content in (wrong.read_bytes(), own.read_bytes()[:-60], b"\xff\x00"):
        beside.write_bytes(content)
        try:
            assert "made on this machine" in check(capsys, signed)[1]
        finally:
            beside.unlink()
    status, _, err = check(capsys, signed, f"trust={wrong}")
    assert (status, "CONFIG: trust=" in err) == (1, True)


def test_a_source_whose_own_manifest_does_not_hold_is_noted(
    signed: Path, home: Home, tmp_path: Path, capsys: Captured
) -> None:
    broken, out = copied(signed, tmp_path, sidecar=False), tmp_path / "out.mp4"
    flip(broken, broken.read_bytes().rfind(b"mdat") + 9)  # the encoder's name: all frames can be read
    home.dub(out, video=broken)
    status, text, _ = check(capsys, out)
    assert status == 0
    assert "Note: signed.mp4, which it was made from, had a manifest that did not hold" in text
    assert "assertion.bmffHash.mismatch" in text


def test_a_key_that_cannot_sign_is_told_before_anything_is_drawn(
    home: Home, tmp_path: Path, capsys: Captured, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("lipsync_ray.dubbing._opened", None)  # what looks at the files and draws
    studio = make_studio(tmp_path / "keys", days=(-20, -10))
    assert main(["run", *home.words(tmp_path / "out.mp4", *studio.words)]) == 1
    err = capsys.readouterr().err
    assert err.startswith("lipsync_ray: SIGNING: ")
    assert "not now" in err


def test_dubs_without_consent_are_refused_by_policy(home: Home, tmp_path: Path, capsys: Captured) -> None:
    words = home.words(tmp_path / "out.mp4", "policy.require_consent=true")
    for verb in ("run", "preview"):
        assert main([verb, *words]) == 3
        assert "CONSENT_REQUIRED" in capsys.readouterr().err
    rows = [
        {"id": "asked", "video": str(home.folder / "talk.mp4"), "policy.consent": "asked by letter"},
        {"id": "unasked", "video": str(home.folder / "talk.mp4")},
    ]
    listed = tmp_path / "jobs.jsonl"
    audio = str(home.folder / "dub.wav")
    listed.write_text("".join(json.dumps({**row, "audio": audio}) + "\n" for row in rows))
    common = [word for word in words if word.partition("=")[0] not in ("video", "audio", "out")]
    assert main(["batch", f"manifest={listed}", f"out_dir={tmp_path / 'out'}", *common]) == 2
    capsys.readouterr()
    assert {path.name for path in (tmp_path / "out" / "videos").glob("*.mp4")} == {"asked.mp4"}
    assert "asked by letter" in check(capsys, tmp_path / "out" / "videos" / "asked.mp4")[1]
    assert main(["status", f"out_dir={tmp_path / 'out'}"]) == 0
    assert "CONSENT_REQUIRED" in capsys.readouterr().out


def sign_foreign(source: Path, target: Path, assertions: list[dict], mime: str = "video/mp4") -> Path:
    """A file as another program signs it."""
    pem = make_development_pem(datetime.now(UTC))
    key, _, chain = pem.partition(b"-----BEGIN CERTIFICATE-----")
    created = {"action": "c2pa.created", "digitalSourceType": f"{IPTC}digitalCapture"}
    manifest = {
        "claim_generator_info": [{"name": "Camera\u001b[31m", "version": "9"}],
        "title": target.name,
        "assertions": [{"label": "c2pa.actions.v2", "data": {"actions": [created]}}, *assertions],
    }
    info = c2pa.C2paSignerInfo("es256", b"-----BEGIN CERTIFICATE-----" + chain, key, None)
    with open_context() as context, c2pa.Builder(manifest, context=context) as builder:
        with c2pa.Signer.from_info(info) as signer:
            with source.open("rb") as given, target.open("w+b") as written:
                builder.sign(signer, mime, given, written)
    return target


IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"


def test_a_file_that_others_have_signed_is_shown_with_its_claims(
    home: Home, tmp_path: Path, capsys: Captured
) -> None:
    clip = home.folder / "talk.mp4"
    status, text, _ = check(capsys, sign_foreign(clip, tmp_path / "camera.mp4", []))
    assert status == 0
    assert "its manifest tells of no dub by lipsync_ray" in text
    assert "made by     Camera [31m 9" in text
    assert "c2pa.created" in text
    assert "from elsewhere" in text
    forged = [{"label": "org.lipsync-ray.dub", "data": {"edited": "all", "frames": -1}}]
    status, text, _ = check(capsys, sign_foreign(clip, tmp_path / "forged.mp4", forged))
    assert status == 0
    assert "Note: what it tells of a dub cannot be read" in text


def test_a_manifest_of_random_bytes_is_broken_not_a_crash(home: Home, tmp_path: Path) -> None:
    path = tmp_path / "some.mkv"
    path.write_bytes(b"\x1a\x45\xdf\xa3" + b"0" * 500)
    for data in (b"", b"junk", b"\x00" * 5000):
        try:
            assert read_credentials(path, "some.mkv", (), data) is None
        except ProvenanceBroken:
            continue


def test_a_changed_sound_file_is_told_as_changed(home: Home, tmp_path: Path, capsys: Captured) -> None:
    sound = sign_foreign(home.folder / "dub.wav", tmp_path / "dub.wav", [], "audio/wav")
    assert check(capsys, sound)[0] == 0
    assert "PROVENANCE_BROKEN" in check(capsys, flip(sound, 1000))[2]
    assert "PROVENANCE_NONE" in check(capsys, shutil.copy(home.folder / "dub.wav", tmp_path / "b.wav"))[2]


def test_a_list_of_other_files_is_not_followed(signed: Path, tmp_path: Path, capsys: Captured) -> None:
    for name, text in (
        ("list.mp4", f"ffconcat version 1.0\nfile '{signed}'\n"),
        ("list.m3u8", f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{signed}\n#EXT-X-ENDLIST\n"),
    ):
        (tmp_path / name).write_text(text)
        status, _, err = check(capsys, tmp_path / name)
        assert (status, "VIDEO_UNREADABLE" in err, "list of other files" in err) == (1, True, True)
