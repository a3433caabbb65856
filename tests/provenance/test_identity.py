"""Who signs is looked at before anything is drawn."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
from cryptography import x509
from cryptography.x509.oid import ExtendedKeyUsageOID

from lipsync_ray.errors import ConfigError, DependencyMissing, SigningFailed
from lipsync_ray.overrides import load_config
from lipsync_ray.provenance.identity import Identity, load_identity
from lipsync_ray.provenance.settings import ProvenanceSettings
from tests.provenance.keys import Studio, make_studio

CONTENT = x509.ObjectIdentifier("1.3.6.1.4.1.62558.2.1")


def load(studio: Studio) -> Identity:
    return load_identity(ProvenanceSettings(key=str(studio.key), certificate=str(studio.certificate)))


@pytest.mark.parametrize("kind", ["es256", "es384", "es512", "ed25519", "ps256"])
def test_keys_of_these_kinds_sign(kind: str, tmp_path: Path) -> None:
    identity = load(make_studio(tmp_path, kind=kind))
    assert (identity.name, identity.development, identity.algorithm) == ("Studio Dubs, Studio", False, kind)


def test_certificates_for_content_sign(tmp_path: Path) -> None:
    assert not load(make_studio(tmp_path, purpose=CONTENT)).development


@pytest.mark.parametrize(
    ("options", "says"),
    [
        ({"days": (-20, -10)}, "is valid from .* to .*, not now"),
        ({"days": (10, 20)}, "is valid from .* to .*, not now"),
        ({"purpose": ExtendedKeyUsageOID.SERVER_AUTH}, "has no purpose for which it may sign content"),
        ({"kind": "rsa1024"}, "RSA from 2048 bits on"),
        ({"malformed": True}, "is damaged"),
        ({"password": b"secret"}, "is encrypted: decrypt it"),
    ],
)
def test_others_are_refused_with_the_reason(options: dict, says: str, tmp_path: Path) -> None:
    with pytest.raises(SigningFailed, match=says):
        load(make_studio(tmp_path, **options))


def test_files_that_do_not_fit_are_refused(tmp_path: Path) -> None:
    one, other = make_studio(tmp_path / "one"), make_studio(tmp_path / "other")
    with pytest.raises(SigningFailed, match=r"does not belong to provenance\.key"):
        load(Studio(key=one.key, certificate=other.certificate, authority=one.authority))
    with pytest.raises(SigningFailed, match="does not belong"):
        load(Studio(key=one.key, certificate=one.authority, authority=one.authority))
    with pytest.raises(SigningFailed, match="holds no certificate"):
        load(Studio(key=one.key, certificate=one.key, authority=one.authority))
    with pytest.raises(SigningFailed, match="holds no private key"):
        load(Studio(key=one.certificate, certificate=one.certificate, authority=one.authority))
    one.key.write_text("no PEM")
    with pytest.raises(SigningFailed, match="is no PEM file"):
        load(one)
    one.key.unlink()
    with pytest.raises(SigningFailed, match=r"provenance\.key=.* cannot be read: No such file"):
        load(one)


def test_without_the_library_a_way_out_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "c2pa", None)
    with pytest.raises(DependencyMissing, match="provenance=off"):
        load_identity(ProvenanceSettings())


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("provenance.key=a.pem", "needs provenance.certificate too"),
        ("provenance.timestamp_url=stamp.example", "must begin with http"),
        ("provenance.visible_mark=KI-veröndert", "ASCII"),
        ("provenance.mode=on", "expected one of c2pa, off"),
        ("provenance=no", "expected one of c2pa, off"),
        (f"policy.consent={'x' * 501}", "at most 500 characters"),
        ("policy.consent=  ", "policy.consent is empty"),
    ],
)
def test_wrong_options_are_one_line(word: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        load_config(["video=a.mp4", word])


def test_off_is_chosen_by_the_short_form_and_the_long_one() -> None:
    for word in ("provenance=off", "provenance.mode=off"):
        assert load_config(["video=a.mp4", word]).provenance.mode == "off"
    assert load_config(["video=a.mp4"]).provenance == ProvenanceSettings()
