"""Session cookies: for what browsers fetch without headers of ours, such as videos and streams of events."""

from __future__ import annotations

import hashlib
import hmac
import time
from collections.abc import Callable

from lipsync_ray.serve.tokens import Token, Tokens

COOKIE = "lipsync_session"
LASTS_S = 12 * 3600


class Sessions:
    """Makes and reads the cookies' values; nothing is kept, and a token that is gone ends its sessions.

    Args:
        tokens: those accepted now.
        secret: signs the values; the same in all processes of a service.
        clock: seconds since the epoch.
    """

    def __init__(self, tokens: Tokens, secret: bytes, clock: Callable[[], float] = time.time) -> None:
        self._tokens = tokens
        self._key = hmac.digest(secret, b"session cookies", "sha256")
        self._clock = clock

    def make(self, token: Token) -> str:
        """The value for who has shown this token."""
        content = f"{token.print}.{int(self._clock()) + LASTS_S}"
        return f"{content}.{self._sign(content)}"

    def read(self, value: str) -> Token | None:
        """The token behind a value; None if it is forged or expired, or the token is gone."""
        content, _, signature = value.rpartition(".")
        if not hmac.compare_digest(self._sign(content).encode(), signature.encode("utf-8", "replace")):
            return None
        print, _, until = content.partition(".")
        return self._tokens.printed(print) if self._clock() < int(until) else None

    def _sign(self, content: str) -> str:
        return hmac.new(self._key, content.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
