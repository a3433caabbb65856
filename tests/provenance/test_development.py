"""The development key of a user: one for all processes, private, renewed in time."""

from __future__ import annotations

import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from cryptography import x509

from lipsync_ray.errors import SigningFailed
from lipsync_ray.provenance.certificates import LASTS, is_development
from lipsync_ray.provenance.development import (
    RENEW,
    development_anchors,
    development_folder,
    development_pem,
)
from lipsync_ray.provenance.identity import load_identity
from lipsync_ray.provenance.settings import ProvenanceSettings
from tests.conftest import ROOT


@pytest.fixture(autouse=True)
def _empty(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LIPSYNC_RAY_CACHE", str(tmp_path / "cache"))


def test_processes_that_want_it_at_once_get_the_same() -> None:
    script = "import hashlib, sys; from lipsync_ray.provenance.development import development_pem as p; "
    script += "sys.stdin.read(1); print(hashlib.sha256(p()).hexdigest())"
    command = [sys.executable, "-c", script]
    several = [
        subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        for _ in range(4)
    ]
    assert len({process.communicate("x")[0] for process in several}) == 1
    assert all(process.returncode == 0 for process in several)
    assert len(list(development_folder().glob("*.pem"))) == 1


def test_nobody_else_may_read_it_and_it_says_what_it_is() -> None:
    own = x509.load_pem_x509_certificates(development_pem())[0]
    (path,) = development_folder().glob("*.pem")
    assert path.stat().st_mode & 0o777 == 0o600
    assert development_folder().stat().st_mode & 0o777 == 0o700
    assert is_development(own)
    identity = load_identity(ProvenanceSettings())
    assert identity.development
    assert "proves nobody's identity" in identity.name
    assert "BEGIN" not in repr(identity)


def test_it_is_renewed_before_it_expires_and_the_old_one_is_kept_for_checking() -> None:
    begin = datetime.now(UTC)
    first = development_pem(begin)
    assert development_pem(begin + LASTS - RENEW - timedelta(days=1)) == first
    second = development_pem(begin + LASTS - RENEW + timedelta(days=1))
    assert second != first
    assert development_pem(begin + LASTS - RENEW + timedelta(days=2)) == second
    assert {x509.load_pem_x509_certificate(pem).serial_number for pem in development_anchors()} == {
        x509.load_pem_x509_certificates(pem)[1].serial_number for pem in (first, second)
    }


def test_a_damaged_one_is_replaced() -> None:
    development_pem()
    (path,) = development_folder().glob("*.pem")
    path.write_bytes(b"-----BEGIN CERTIFICATE-----\nnonsense")
    assert len(x509.load_pem_x509_certificates(development_pem())) == 2
    assert load_identity(ProvenanceSettings()).development


def test_a_folder_that_others_may_enter_is_refused() -> None:
    development_pem()
    development_folder().chmod(0o755)
    with pytest.raises(SigningFailed, match="others may enter it; chmod 700"):
        development_pem()


def test_a_folder_that_cannot_be_made_is_told_with_ways_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").touch()
    monkeypatch.setenv("LIPSYNC_RAY_CACHE", str(tmp_path / "file" / "cache"))
    with pytest.raises(SigningFailed, match=r"LIPSYNC_RAY_CACHE.*provenance=off"):
        development_pem()
