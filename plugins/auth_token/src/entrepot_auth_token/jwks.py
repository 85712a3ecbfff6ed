"""JSON Web Key Sets (RFC 7517, 5)."""

from __future__ import annotations

import logging
from typing import Final

from joserfc.errors import InvalidKeyTypeError, JoseError
from joserfc.jwk import JWKRegistry, Key, OctKey

from entrepot_auth_token.keys import MIN_RSA_BITS, Trusted
from entrepot_auth_token.strict import parse_object

__all__ = ["parse_jwks"]

_MIN_OCT_BYTES: Final = 32
_CURVES: Final = frozenset({"P-256", "P-384", "P-521", "Ed25519", "Ed448"})

_log = logging.getLogger(__name__)


def parse_jwks(content: bytes, *, secrets: bool) -> Trusted:
    """The keys of a set that are for signatures.

    Keys of a type or curve that nobody here knows are left out (RFC 7517, 5), and so are those for encryption.
    ``secrets`` says whether it may hold ``oct`` keys; elsewhere they are left out, for what all can read is no secret.
    Raises ValueError where the set or a key is malformed, or too weak; its message holds nothing of a key.
    """
    try:
        members = parse_object(content)
    except ValueError:
        # Not chained: the error of the parser may quote a key.
        raise ValueError("it is no JSON object, or one that can be read in two ways") from None
    entries = members.get("keys")
    if not isinstance(entries, list):
        raise ValueError("it is no key set: it has no list `keys`")  # noqa: TRY004 - what is wrong is the file
    named: list[tuple[str, Key]] = []
    for number, entry in enumerate(entries, 1):
        key = _key(number, entry)
        if key is not None and (secrets or not isinstance(key, OctKey)):
            named.append((key.kid or key.thumbprint(), key))
    if not named:
        raise ValueError("it holds no key for signatures")
    return Trusted.of(named)


def _key(number: int, entry: object) -> Key | None:
    if not isinstance(entry, dict):
        raise ValueError(f"key {number} is no JSON object")  # noqa: TRY004 - what is wrong is the file
    if entry.get("use", "sig") != "sig" or ("crv" in entry and str(entry["crv"]) not in _CURVES):
        _log.info("key %d of the set is not for signatures that are known here, and is left out", number)
        return None
    # Before joserfc sees the key, which only warns of short ones. Base64 has 6 bits a character.
    if len(str(entry.get("n", "n" * 400))) * 6 < MIN_RSA_BITS:
        raise ValueError(f"key {number} is an RSA key of less than {MIN_RSA_BITS} bits")
    if len(str(entry.get("k", "k" * 50))) * 6 < _MIN_OCT_BYTES * 8:
        raise ValueError(f"key {number} is a secret of less than {_MIN_OCT_BYTES} bytes (RFC 7518, 3.2)")
    try:
        key = JWKRegistry.import_key(entry)
    except InvalidKeyTypeError:
        _log.info("key %d of the set is of a type that is not known here, and is left out", number)
        return None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        # Not chained, and only the type: what a library says of a malformed key may quote it.
        raise ValueError(f"key {number} is malformed ({type(error).__name__})") from None
    return key
