"""Who signs: a private key with its certificates, looked at before anything is drawn."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from lipsync_ray.errors import SigningFailed
from lipsync_ray.provenance.certificates import fault_of, is_development
from lipsync_ray.provenance.development import development_pem
from lipsync_ray.provenance.library import c2pa_library
from lipsync_ray.provenance.settings import ProvenanceSettings
from lipsync_ray.provenance.wary import shown
from lipsync_ray.storage.uri import local_path

if TYPE_CHECKING:
    from cryptography import x509

_CURVES = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
_LARGEST = 1 << 20  # bytes of a PEM file


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """What signs outputs. It travels to workers in memory; nothing writes it down or shows the key."""

    name: str  # of the signer, as the certificate says
    development: bool  # the certificate proves nobody's identity
    algorithm: str  # as C2PA names it, such as es256
    chain: bytes = field(repr=False)  # PEM
    key: bytes = field(repr=False)  # PEM, PKCS #8
    timestamp_url: str | None = None


def load_identity(settings: ProvenanceSettings, now: datetime | None = None) -> Identity:
    """Read and check key and certificates, those of the settings or the user's development ones.

    Raises:
        DependencyMissing: what signs does not import.
        SigningFailed: a file cannot be read, the two do not belong together, or C2PA takes neither.
    """
    c2pa_library()
    now = now or datetime.now(UTC)
    if settings.key is None or settings.certificate is None:
        pem = development_pem(now)
        return _identity(pem, pem, "the development key", settings, now)
    key, chain = (_read(name, place) for name, place in _files(settings))
    return _identity(key, chain, f"provenance.certificate={settings.certificate}", settings, now)


def _files(settings: ProvenanceSettings) -> list[tuple[str, str]]:
    return [("key", str(settings.key)), ("certificate", str(settings.certificate))]


def _read(name: str, place: str) -> bytes:
    try:
        with local_path(place).open("rb") as file:
            data = file.read(_LARGEST + 1)
    except OSError as error:
        raise SigningFailed(f"provenance.{name}={place} cannot be read: {error.strerror}") from error
    if len(data) > _LARGEST or b"-----BEGIN " not in data:
        raise SigningFailed(f"provenance.{name}={place} is no PEM file (it begins with -----BEGIN)")
    return data


def _identity(
    key_pem: bytes, chain_pem: bytes, what: str, settings: ProvenanceSettings, now: datetime
) -> Identity:
    from cryptography import x509
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        chain = x509.load_pem_x509_certificates(chain_pem)
    except ValueError as error:
        raise SigningFailed(f"{what} holds no certificate that can be read") from error
    key = _private_key(key_pem, settings.key)
    try:
        _check_chain(chain, key, what, now)
        name, development = _shown(chain[0]), is_development(chain[0])
    except (ValueError, UnsupportedAlgorithm) as error:  # parts of certificates are only read when asked for
        raise SigningFailed(f"{what} is damaged: {shown(error)}") from error
    identity = Identity(
        name=name,
        development=development,
        algorithm=_algorithm(key, what),
        chain=b"".join(one.public_bytes(serialization.Encoding.PEM) for one in chain),
        key=key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        ),
        timestamp_url=settings.timestamp_url,
    )
    _try(identity, what)
    return identity


def _private_key(pem: bytes, place: str | None) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization

    try:
        return serialization.load_pem_private_key(pem, password=None)
    except TypeError as error:
        raise SigningFailed(
            f"provenance.key={place} is encrypted: decrypt it into a file that only you may read, "
            f"with openssl pkey -in {place} -out plain.key"
        ) from error
    except (ValueError, UnsupportedAlgorithm) as error:
        raise SigningFailed(f"provenance.key={place} holds no private key that can be read") from error


def _check_chain(chain: Sequence[x509.Certificate], key: Any, what: str, now: datetime) -> None:
    """What C2PA asks of certificates, told in words before it is tried."""
    own = chain[0]
    if own.public_key() != key.public_key():
        raise SigningFailed(f"{what}: its first certificate does not belong to provenance.key")
    if own.issuer == own.subject:
        raise SigningFailed(f"{what} has signed itself; C2PA wants one that an authority has issued")
    if fault := fault_of(own):
        raise SigningFailed(f"{what}: its certificate {fault}; see docs/provenance.md")
    for one in chain:
        if not one.not_valid_before_utc <= now <= one.not_valid_after_utc:
            days = f"from {one.not_valid_before_utc:%Y-%m-%d} to {one.not_valid_after_utc:%Y-%m-%d}"
            raise SigningFailed(f"{what}: the certificate of {_shown(one)} is valid {days}, not now")


def _algorithm(key: Any, what: str) -> str:
    from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

    if isinstance(key, ec.EllipticCurvePrivateKey) and key.curve.name in _CURVES:
        return _CURVES[key.curve.name]
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return "ed25519"
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    raise SigningFailed(
        f"{what}: C2PA signs with EC keys (P-256, P-384, P-521), Ed25519, and RSA from 2048 bits on"
    )


def _shown(certificate: x509.Certificate) -> str:
    """Common name and organisation."""
    from cryptography.x509.oid import NameOID

    parts = [
        str(attribute.value)
        for oid in (NameOID.COMMON_NAME, NameOID.ORGANIZATION_NAME)
        for attribute in certificate.subject.get_attributes_for_oid(oid)
    ]
    return ", ".join(parts) or certificate.subject.rfc4514_string()


def _try(identity: Identity, what: str) -> None:
    """Sign one byte: C2PA has rules for certificates that only it knows all of."""
    from lipsync_ray.provenance.signing import try_signing

    if problem := try_signing(identity):
        raise SigningFailed(f"{what}: C2PA does not take it ({problem}); see docs/provenance.md")
