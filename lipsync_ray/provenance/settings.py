"""Options of the groups ``provenance`` and ``policy``."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from lipsync_ray.errors import ConfigError, ConsentRequired
from lipsync_ray.media.mark import LONGEST_MARK, markable

LONGEST_CONSENT = 500  # characters


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenanceSettings:
    """How outputs say that they were edited."""

    mode: Literal["c2pa", "off"] = "c2pa"  # off: nothing is signed, and the sidecar says so
    key: str | None = None  # PEM file of a private key; null: a development key of this user
    certificate: str | None = None  # PEM file of its certificate, followed by those of its issuers
    timestamp_url: str | None = None  # of an RFC 3161 authority; null: no network is used
    visible_mark: str | None = None  # text in a corner of every frame

    def __post_init__(self) -> None:
        if (self.key is None) != (self.certificate is None):
            given, missing = ("key", "certificate") if self.key else ("certificate", "key")
            raise ConfigError(f"provenance.{given} needs provenance.{missing} too: name both PEM files")
        url = self.timestamp_url
        if url is not None and not url.startswith(("http://", "https://")):
            raise ConfigError(f"provenance.timestamp_url={url} must begin with http:// or https://")
        if self.visible_mark is not None and not markable(self.visible_mark):
            raise ConfigError(
                f"provenance.visible_mark={self.visible_mark[:80]!r} must be 1 to {LONGEST_MARK} letters, "
                "digits and signs of ASCII: no others can be drawn the same everywhere"
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class PolicySettings:
    """What a dub is refused without."""

    require_consent: bool = False  # refuse dubs and previews that name no consent
    consent: str | None = None  # where it is found: a contract's number, an address

    def __post_init__(self) -> None:
        if self.consent is None:
            return
        if not self.consent.strip():
            raise ConfigError("policy.consent is empty: say where the consent is found, or leave it out")
        if len(self.consent) > LONGEST_CONSENT or not self.consent.isprintable():
            raise ConfigError(
                f"policy.consent must be one line of at most {LONGEST_CONSENT} characters "
                f"(it has {len(self.consent)}): a contract's number, an address"
            )

    def check(self) -> None:
        """Raises ConsentRequired: consent has to be named, and is not."""
        if self.require_consent and self.consent is None:
            raise ConsentRequired(
                "policy.require_consent=true and no consent is named; say where it is found with "
                "policy.consent=REFERENCE, such as a contract's number"
            )
