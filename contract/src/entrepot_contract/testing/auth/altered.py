"""Tokens that were altered after they were signed, or signed with another key or algorithm."""

from __future__ import annotations

import base64
import hmac
import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Final

__all__ = ["altered", "claims_in"]

UNSIGNED: Final = ("none", "None", "NONE", "nOnE", "")
DIGESTS: Final = {"HS256": "sha256", "HS384": "sha384", "HS512": "sha512"}
A_YEAR: Final = 365 * 24 * 60 * 60


def altered(token: str, others: Iterable[str], keys: Iterable[bytes]) -> Iterator[tuple[str, str]]:
    """Yield tokens with an invalid signature, each with a description of the change.

    ``others`` are further valid tokens, whose signatures are tried, and ``keys`` are guesses of keys.
    """
    parts = token.split(".")
    signature = parts[-1]
    for place, part in enumerate(parts[:-1]):
        claims = claims_in(part)
        for what, changed in _changes(claims) if claims is not None else ():
            yield f"{what}, with the old signature", ".".join([*parts[:place], _encoded(changed), *parts[place + 1 :]])
    head = ".".join(parts[:-1])
    yield "without a signature", head
    yield "with an empty signature", f"{head}."
    for other in others:
        if (its := other.rpartition(".")[2]) != signature:
            yield "with the signature of another token", f"{head}.{its}"
    for place in range(0, max(len(signature) - 1, 0), max(len(signature) // 8, 1)):
        letter = "A" if signature[place] != "A" else "B"
        yield (
            f"letter {place + 1} of the signature changed",
            f"{head}.{signature[:place]}{letter}{signature[place + 1 :]}",
        )
    for count in (1, len(signature) // 2):
        yield "signature cut", f"{head}.{signature[:-count]}"
    yield "signature repeated", f"{head}.{signature}{signature}"
    yield "signature written twice", f"{token}.{signature}"
    if len(parts) == 3 and (header := claims_in(parts[0])) is not None:
        yield from _forged(header, parts[1], signature, keys)


def _forged(
    header: Mapping[str, object], payload: str, signature: str, keys: Iterable[bytes]
) -> Iterator[tuple[str, str]]:
    for algorithm in UNSIGNED:
        for ending in ("", signature):
            yield f"algorithm {algorithm!r}", f"{_encoded({**header, 'alg': algorithm})}.{payload}.{ending}"
    without = {name: value for name, value in header.items() if name != "alg"}
    yield "no algorithm", f"{_encoded(without)}.{payload}.{signature}"
    for key in keys:
        own = {"kty": "oct", "k": base64.urlsafe_b64encode(key).decode().rstrip("=")}
        for algorithm, digest in DIGESTS.items():
            named = {name: value for name, value in header.items() if name != "kid"}
            for changed in ({**header, "alg": algorithm}, {**named, "alg": algorithm, "jwk": own}):
                head = f"{_encoded(changed)}.{payload}"
                mac = base64.urlsafe_b64encode(hmac.digest(key, head.encode(), digest)).decode().rstrip("=")
                where = "in its own header" if "jwk" in changed else "that everybody knows"
                yield f"algorithm {algorithm} with a key {where}", f"{head}.{mac}"


def _changes(claims: Mapping[str, object]) -> Iterator[tuple[str, Mapping[str, object]]]:
    for name, value in claims.items():
        other: object = None
        if isinstance(value, bool):
            other = not value
        elif isinstance(value, int):
            other = value + A_YEAR
        elif isinstance(value, str):
            other = f"{value}x"
        elif isinstance(value, list):
            other = [*value, *value] if value else ["x"]
        yield f"{name!r} changed", {**claims, name: other}
        yield f"{name!r} removed", {each: kept for each, kept in claims.items() if each != name}
    yield "a claim added", {**claims, "kit": True}


def claims_in(part: str) -> Mapping[str, object] | None:
    """Return the JSON object in a part of a token, or None if there is none."""
    try:
        found = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    except ValueError:
        return None
    return found if isinstance(found, dict) else None


def _encoded(claims: Mapping[str, object]) -> str:
    return base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
