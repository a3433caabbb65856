"""Who may ask: tokens and the names of their owners."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

from lipsync_ray.errors import ConfigError
from lipsync_ray.serve_settings import ServeSettings

VARIABLE = "LIPSYNC_RAY_TOKENS"
EVERYONE = "everyone"  # the owner of all jobs of a service without tokens
SHORTEST = 16  # characters
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,31}")


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A token as it is remembered: its hash, never itself."""

    owner: str
    digest: bytes  # SHA-256

    @property
    def print(self) -> str:
        """What a session cookie names it by."""
        return hashlib.sha256(b"session:" + self.digest).hexdigest()[:24]


class Tokens:
    """The tokens that are accepted; none: everybody may ask.

    Args:
        texts: each ``NAME:TOKEN`` or ``TOKEN``; the owner of one without a name is called by its hash.
        source: where they come from, for messages.

    Raises:
        ConfigError: one is too short, or has a name that cannot be one; the token is not repeated.
    """

    def __init__(self, texts: Iterable[str] = (), source: str = VARIABLE) -> None:
        self._tokens = tuple(_read(text, source) for text in texts)

    def __bool__(self) -> bool:
        return bool(self._tokens)

    def find(self, text: str) -> Token | None:
        """The token that this is, compared with all in a time that does not depend on what is right."""
        digest = _digest(text)
        found = None
        for token in self._tokens:
            if hmac.compare_digest(token.digest, digest):
                found = token
        return found

    def printed(self, print: str) -> Token | None:
        """The token that a session cookie names; None if it is no longer accepted."""
        found = None
        for token in self._tokens:
            if hmac.compare_digest(token.print.encode(), print.encode()):
                found = token
        return found


def read_tokens(settings: ServeSettings, environment: Mapping[str, str]) -> Tokens:
    """The tokens of ``serve.tokens_file``, else those of the environment, with commas between them.

    Raises:
        ConfigError: the file cannot be read or holds none, or a token is too short.
    """
    if settings.tokens_file is None:
        return Tokens(filter(None, map(str.strip, environment.get(VARIABLE, "").split(","))))
    path = Path(settings.tokens_file).expanduser()
    try:
        lines = path.read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "no text"
        raise ConfigError(f"serve.tokens_file={path} cannot be read ({reason})") from error
    texts = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    if not texts:
        # An empty file must not open the service to everybody.
        raise ConfigError(f"serve.tokens_file={path} holds no token; write one a line, as NAME:TOKEN")
    return Tokens(texts, f"serve.tokens_file={path}")


def _read(text: str, source: str) -> Token:
    name, colon, secret = text.partition(":")
    if not colon:
        name, secret = f"token-{_digest(text).hex()[:8]}", text
    if not _NAME.fullmatch(name):
        raise ConfigError(
            f"{source}: a token's name must be 1 to 32 letters, digits, dots and dashes; write NAME:TOKEN"
        )
    if len(secret) < SHORTEST or not secret.isascii() or not secret.isprintable() or " " in secret:
        raise ConfigError(
            f"{source}: the token of {name} must have {SHORTEST} or more letters, digits and signs; "
            "make one with: openssl rand -hex 24"
        )
    return Token(owner=name, digest=_digest(secret))


def _digest(text: str) -> bytes:
    return hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest()
