"""Credentials as sent in requests, and their secret parts."""

from __future__ import annotations

import base64
import dataclasses
from collections.abc import Iterator
from typing import Final

import pytest

from entrepot_contract.auth import Authenticator, Presented, Refused

__all__ = ["SENTINEL", "anew", "basic", "bearer", "decoded", "raw", "refusal_of", "scheme_of", "secrets_of", "spoilt"]

BASE_URL: Final = "https://registry.kit.example/"
ADDRESS: Final = "192.0.2.7"
SENTINEL: Final = "kit-sentinel-8c41f7"
SHORTEST_PART: Final = 6
SHORTEST_SEGMENT: Final = 16


def raw(authorization: str | None) -> Presented:
    """Return the credential of a request with this Authorization header, or without one if it is None."""
    return Presented(authorization, address=ADDRESS, base_url=BASE_URL)


def basic(user: str, password: str) -> Presented:
    """Return a user name and password as Basic credentials (RFC 7617)."""
    return raw(f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}")


def bearer(token: str) -> Presented:
    """Return a bearer token (RFC 6750, 2.1)."""
    return raw(f"Bearer {token}")


def anew(presented: Presented, authorization: str) -> Presented:
    """Return another credential from the same client."""
    return dataclasses.replace(presented, authorization=authorization)


def scheme_of(presented: Presented) -> str:
    """Return the scheme of a credential as written."""
    return (presented.authorization or "").partition(" ")[0]


def decoded(presented: Presented) -> tuple[str, str] | None:
    """Return the user name and password of Basic credentials, or None for any other credential."""
    scheme, _, parameter = (presented.authorization or "").partition(" ")
    if scheme.lower() != "basic":
        return None
    try:
        user, colon, password = base64.b64decode(parameter, validate=True).decode().partition(":")
    except ValueError:
        return None
    return (user, password) if colon else None


def spoilt(presented: Presented) -> Iterator[Presented]:
    """Yield invalid variants of a valid credential."""
    if (pair := decoded(presented)) is not None:
        user, password = pair
        for worse in (f"{user}:{SENTINEL}", f"{SENTINEL}:{password}", f"{user}:", user, f":{password}"):
            yield anew(presented, f"Basic {base64.b64encode(worse.encode()).decode()}")
        return
    scheme, _, parameter = (presented.authorization or "").partition(" ")
    for worse in (f"{parameter[: len(parameter) // 2]}", f"{parameter[:-8]}", f"{parameter} {SENTINEL}", SENTINEL):
        yield anew(presented, f"{scheme} {worse}")
    for place in {len(parameter) // 4, len(parameter) // 2, max(len(parameter) - 20, 0)} if parameter else ():
        other = "A" if parameter[place] != "A" else "B"
        yield anew(presented, f"{scheme} {parameter[:place]}{other}{parameter[place + 1 :]}")


def secrets_of(presented: Presented) -> set[str]:
    """Return the secret parts of a credential: its parameter, long segments of it, user name and password.

    Short ones are left out, because a message may contain them as ordinary words.
    """
    parameter = (presented.authorization or "").partition(" ")[2].strip()
    parts = {segment for segment in parameter.split(".") if len(segment) >= SHORTEST_SEGMENT}
    parts |= {part for part in (parameter, *(decoded(presented) or ())) if len(part) >= SHORTEST_PART}
    return parts


def refusal_of(authenticator: Authenticator, presented: Presented) -> Refused:
    """Return the Refused that a credential raises; fails if it is accepted."""
    try:
        answer = authenticator.authenticate(presented)
    except Refused as refusal:
        return refusal
    what = "was not handled (None)" if answer is None else f"was accepted as {answer.name!r}"
    pytest.fail(f"a wrong credential of the scheme {scheme_of(presented)[:20]!r} {what} instead of refused")
