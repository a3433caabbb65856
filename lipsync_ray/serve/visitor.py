"""Who sends a request: found out once, before anything of it is done."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from starlette.requests import HTTPConnection

from lipsync_ray.serve.sessions import COOKIE, Sessions
from lipsync_ray.serve.tokens import EVERYONE, Token, Tokens


@dataclass(frozen=True, slots=True, kw_only=True)
class Visitor:
    """Who asks, and how it is known."""

    by: Literal["open", "token", "cookie", "nothing", "wrong"]
    address: str
    token: Token | None = None

    @property
    def owner(self) -> str | None:
        """Whose jobs may be seen; None: nobody's."""
        if self.by == "open":
            return EVERYONE
        return self.token.owner if self.token else None

    @property
    def bucket(self) -> str:
        """What its requests are counted under."""
        return f"token {self.token.owner}" if self.token else f"address {self.address}"


def who_asks(connection: HTTPConnection, tokens: Tokens, sessions: Sessions) -> Visitor:
    """The visitor behind a request. A token that is sent counts, right or wrong, before any cookie."""
    address = connection.client.host if connection.client else "unknown"
    if not tokens:
        return Visitor(by="open", address=address)
    scheme, _, sent = connection.headers.get("authorization", "").partition(" ")
    if scheme:
        token = tokens.find(sent.strip()) if scheme.lower() == "bearer" else None
        return Visitor(by="token" if token else "wrong", address=address, token=token)
    if cookie := connection.cookies.get(COOKIE):
        token = sessions.read(cookie)
        # One that has expired is no attack: it is as if it were not there.
        return Visitor(by="cookie" if token else "nothing", address=address, token=token)
    return Visitor(by="nothing", address=address)
