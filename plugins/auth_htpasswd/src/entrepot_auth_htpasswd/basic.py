"""Parsing of Basic credentials (RFC 7617)."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field
from typing import Final

from entrepot_contract.auth import Refused

__all__ = ["MAX_HEADER", "BasicCredential", "basic_credential"]

MAX_HEADER: Final = 16 * 2**10
"""Maximum length of the ``Authorization`` header, in characters."""

_CONTROL: Final = re.compile(rb"[\x00-\x1f\x7f]")


@dataclass(frozen=True, slots=True)
class BasicCredential:
    """A user name, and the password as the bytes that the client sent."""

    name: str = field(repr=False)
    password: bytes = field(repr=False)


def basic_credential(authorization: str | None) -> BasicCredential | None:
    """Return the credential of an ``Authorization`` header, or None if it is missing or uses another scheme.

    - The password begins after the first colon, and may contain further colons (RFC 7617, 2).
    - The name is UTF-8 (RFC 7617, 2.1); the password may be anything but control characters.

    Raises Refused if the header is too long or malformed.
    """
    scheme, _, encoded = (authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    if len(encoded) > MAX_HEADER:
        raise Refused(f"the Basic credential is longer than {MAX_HEADER} characters")
    try:
        decoded = binascii.a2b_base64(encoded.strip(" "), strict_mode=True)
    except ValueError:
        # Not chained, here and below: the cause would contain parts of the credential.
        raise Refused("the Basic credential is not base64") from None
    name, colon, password = decoded.partition(b":")
    if not colon:
        raise Refused("the Basic credential has no colon between user and password")
    if _CONTROL.search(decoded):
        raise Refused("the Basic credential contains a control character")
    try:
        return BasicCredential(name.decode(), password)
    except UnicodeDecodeError:
        raise Refused("the user name of the Basic credential is not UTF-8") from None
