"""Keys and certificates of a made-up studio."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

KINDS = {
    "es256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "es384": lambda: ec.generate_private_key(ec.SECP384R1()),
    "es512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "ed25519": ed25519.Ed25519PrivateKey.generate,
    "ps256": lambda: rsa.generate_private_key(65537, 2048),
    "rsa1024": lambda: rsa.generate_private_key(65537, 1024),
}


@dataclass(frozen=True, kw_only=True)
class Studio:
    """Files that a studio signs with."""

    key: Path
    certificate: Path
    authority: Path

    @property
    def words(self) -> list[str]:
        return [f"provenance.key={self.key}", f"provenance.certificate={self.certificate}"]


def make_studio(
    folder: Path,
    *,
    kind: str = "es256",
    days: tuple[float, float] = (-1, 30),
    purpose: x509.ObjectIdentifier = ExtendedKeyUsageOID.EMAIL_PROTECTION,
    password: bytes | None = None,
    malformed: bool = False,
) -> Studio:
    folder.mkdir(exist_ok=True)
    authority, signer = ec.generate_private_key(ec.SECP256R1()), KINDS[kind]()
    issuer = _name("Studio Authority")
    top = _certificate(issuer, issuer, authority.public_key(), authority, (-400, 400), None)
    own = _certificate(_name("Studio Dubs"), issuer, signer.public_key(), authority, days, purpose, malformed)
    studio = Studio(
        key=folder / "studio.key", certificate=folder / "studio.pem", authority=folder / "authority.pem"
    )
    how = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    pem = serialization.Encoding.PEM
    studio.key.write_bytes(signer.private_bytes(pem, serialization.PrivateFormat.PKCS8, how))
    studio.certificate.write_bytes(own.public_bytes(pem) + top.public_bytes(pem))
    studio.authority.write_bytes(top.public_bytes(pem))
    return studio


def _name(common: str) -> x509.Name:
    parts = ((NameOID.ORGANIZATION_NAME, "Studio"), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def _certificate(subject, issuer, public, key, days, purpose, malformed=False) -> x509.Certificate:
    now, ca = datetime.now(UTC), purpose is None
    usage = x509.KeyUsage(not ca, False, False, False, False, ca, ca, False, False)
    builder = (
        x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + timedelta(days=days[0]))
        .not_valid_after(now + timedelta(days=days[1]))
        .add_extension(x509.BasicConstraints(ca=ca, path_length=None), True)
        .add_extension(usage, True)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
    )
    if purpose is not None:
        builder = builder.add_extension(x509.ExtendedKeyUsage([purpose]), False)
    if malformed:
        names = x509.ObjectIdentifier("2.5.29.17")
        builder = builder.add_extension(x509.UnrecognizedExtension(names, b"\xff\xff"), False)
    return builder.sign(key, hashes.SHA256())
