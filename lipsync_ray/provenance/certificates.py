"""Certificates as C2PA wants them: a signer's, issued by an authority, both on keys of P-256."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography import x509

# What a certificate may be for, to sign content: C2PA's own purpose, which the library does not know by
# default, and those of old standing (documents, e-mail, time stamps, OCSP answers).
PURPOSES = ("1.3.6.1.4.1.62558.2.1", *(f"1.3.6.1.5.5.7.3.{number}" for number in (36, 4, 8, 9)))
LASTS = timedelta(days=3650)
# Whoever opens such a certificate reads this first: it stands where others have the name of a company.
ORGANISATION = "lipsync_ray development certificate, proves nobody's identity"
SIGNER, AUTHORITY = "lipsync_ray development signer", "lipsync_ray development authority"


def make_development_pem(now: datetime, lasts: timedelta = LASTS) -> bytes:
    """A new key with its certificate and that of its issuer, PEM in this order.

    The issuer's key is forgotten: nothing else will ever be signed with it. A certificate that has signed
    itself is what C2PA refuses.
    """
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    authority, signer = (ec.generate_private_key(ec.SECP256R1()) for _ in range(2))
    days = (now - timedelta(hours=1), now + lasts)  # clocks of others may be late
    issuer = _name(AUTHORITY)
    top = _certificate(issuer, issuer, authority.public_key(), authority, days)
    own = _certificate(_name(SIGNER), issuer, signer.public_key(), authority, days)
    key = signer.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return key + b"".join(one.public_bytes(serialization.Encoding.PEM) for one in (own, top))


def read_anchors(pem: bytes) -> list[bytes]:
    """The certificates in a PEM file, each as PEM of its own, without what stands around them.

    Raises:
        ValueError: there is none, or one is damaged: the C2PA library would then check nothing at all.
    """
    from cryptography import x509
    from cryptography.hazmat.primitives import serialization

    found = x509.load_pem_x509_certificates(pem)
    for one in found:
        one.public_key()  # what is read late may be damaged too
        tuple(one.extensions)
    return [one.public_bytes(serialization.Encoding.PEM) for one in found]


def is_development(certificate: x509.Certificate) -> bool:
    """Whether a certificate says of itself that it is one of these."""
    from cryptography.x509.oid import NameOID

    found = certificate.subject.get_attributes_for_oid(NameOID.ORGANIZATION_NAME)
    return any(attribute.value == ORGANISATION for attribute in found)


def fault_of(certificate: x509.Certificate) -> str:
    """What keeps C2PA from taking a signer's certificate, in words; empty where nothing is known.

    The library itself says no more than that it is invalid.
    """
    from cryptography import x509

    found = {type(one.value): one.value for one in certificate.extensions}
    usage, purposes = found.get(x509.KeyUsage), found.get(x509.ExtendedKeyUsage)
    basic = found.get(x509.BasicConstraints)
    if basic is not None and basic.ca:  # type: ignore[attr-defined]
        return "is that of an authority (basicConstraints CA:TRUE): it signs certificates, not content"
    if usage is None or not usage.digital_signature:  # type: ignore[attr-defined]
        return "is not for signatures (keyUsage digitalSignature)"
    if purposes is None or not {one.dotted_string for one in purposes} & set(PURPOSES):  # type: ignore[attr-defined]
        return "has no purpose for which it may sign content (extendedKeyUsage, such as emailProtection)"
    if x509.AuthorityKeyIdentifier not in found:
        return "does not name the key of its issuer (authorityKeyIdentifier)"
    return ""


def _name(common: str) -> x509.Name:
    from cryptography import x509
    from cryptography.x509.oid import NameOID

    parts = ((NameOID.ORGANIZATION_NAME, ORGANISATION), (NameOID.COMMON_NAME, common))
    return x509.Name([x509.NameAttribute(oid, text) for oid, text in parts])


def _certificate(
    subject: x509.Name, issuer: x509.Name, public, key, days: tuple[datetime, datetime]
) -> x509.Certificate:
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID

    authority = subject == issuer
    builder = (
        x509.CertificateBuilder(issuer_name=issuer, subject_name=subject, public_key=public)
        .serial_number(x509.random_serial_number())
        .not_valid_before(days[0])
        .not_valid_after(days[1])
        .add_extension(x509.BasicConstraints(ca=authority, path_length=0 if authority else None), True)
        .add_extension(_usage(authority), True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(public), False)
        .add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(key.public_key()), False)
    )
    if not authority:  # the one purpose of old standing that C2PA lets sign
        builder = builder.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), False)
    return builder.sign(key, hashes.SHA256())


def _usage(authority: bool) -> x509.KeyUsage:
    from cryptography import x509

    return x509.KeyUsage(
        digital_signature=not authority,
        key_cert_sign=authority,
        crl_sign=authority,
        content_commitment=False,
        key_encipherment=False,
        data_encipherment=False,
        key_agreement=False,
        encipher_only=False,
        decipher_only=False,
    )
