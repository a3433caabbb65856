"""Signatures of callbacks."""

from __future__ import annotations

import hashlib
import hmac

TIMESTAMP = "Lipsync-Timestamp"  # seconds since the epoch
DELIVERY = "Lipsync-Delivery"  # different for every request
SIGNATURE = "Lipsync-Signature"


def sign(secret: str, timestamp: str, delivery: str, body: bytes) -> str:
    """The value of ``Lipsync-Signature``: ``v1=`` and HMAC-SHA256 over ``timestamp.delivery.body`` in hex."""
    content = f"{timestamp}.{delivery}.".encode() + body
    return f"v1={hmac.new(secret.encode(), content, hashlib.sha256).hexdigest()}"
