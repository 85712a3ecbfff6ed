"""The signature of a delivery, by the Standard Webhooks specification: HMAC-SHA256 of its id, time and body."""

from __future__ import annotations

import base64
import binascii
import hmac
from typing import Final

__all__ = ["key_of", "signed_headers"]

_PREFIX: Final = "whsec_"


def key_of(secret: str) -> bytes:
    """The key that a secret stands for: base64 after ``whsec_``, else its own bytes.

    Raises ValueError where what follows ``whsec_`` is no base64.
    """
    if not secret.startswith(_PREFIX):
        return secret.encode()
    try:
        return base64.b64decode(secret.removeprefix(_PREFIX), validate=True)
    except binascii.Error as error:
        raise ValueError("what follows whsec_ must be base64") from error


def signed_headers(key: bytes, message: str, timestamp: int, body: bytes) -> dict[str, str]:
    """The headers that tell a receiver who sent a body, and when; seconds since 1970."""
    digest = hmac.digest(key, f"{message}.{timestamp}.".encode() + body, "sha256")
    return {
        "webhook-id": message,
        "webhook-timestamp": str(timestamp),
        "webhook-signature": f"v1,{base64.b64encode(digest).decode()}",
    }
