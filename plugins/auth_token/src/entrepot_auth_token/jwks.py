"""Parsing of JSON Web Key Sets (RFC 7517, 5)."""

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
    """Return the signature keys of a key set.

    Keys of unknown types or curves are ignored (RFC 7517, 5), and so are encryption keys. ``oct`` keys are accepted
    only if ``secrets`` is true, because a published key is not a secret. Raises ValueError if the set or a key is
    malformed or too weak; the message contains no part of a key.
    """
    try:
        members = parse_object(content)
    except ValueError:
        # Not chained: the parser's error may quote a key.
        raise ValueError("not a JSON object, or one with duplicate members") from None
    entries = members.get("keys")
    if not isinstance(entries, list):
        raise ValueError("not a key set: no list `keys`")  # noqa: TRY004 - the content of the file is invalid
    named: list[tuple[str, Key]] = []
    for number, entry in enumerate(entries, 1):
        key = _key(number, entry)
        if key is not None and (secrets or not isinstance(key, OctKey)):
            named.append((key.kid or key.thumbprint(), key))
    if not named:
        raise ValueError("it contains no signature key")
    return Trusted.of(named)


def _key(number: int, entry: object) -> Key | None:
    if not isinstance(entry, dict):
        raise ValueError(f"key {number} is not a JSON object")  # noqa: TRY004 - the content of the file is invalid
    if entry.get("use", "sig") != "sig" or ("crv" in entry and str(entry["crv"]) not in _CURVES):
        _log.info("key %d of the key set ignored: not a supported signature key", number)
        return None
    # Checked before joserfc imports the key, because it only warns about short ones. Base64 encodes 6 bits a character.
    if len(str(entry.get("n", "n" * 400))) * 6 < MIN_RSA_BITS:
        raise ValueError(f"key {number} is an RSA key with less than {MIN_RSA_BITS} bits")
    if len(str(entry.get("k", "k" * 50))) * 6 < _MIN_OCT_BYTES * 8:
        raise ValueError(f"key {number} is a secret with less than {_MIN_OCT_BYTES} bytes (RFC 7518, 3.2)")
    try:
        key = JWKRegistry.import_key(entry)
    except InvalidKeyTypeError:
        _log.info("key %d of the key set ignored: unsupported key type", number)
        return None
    except (JoseError, ValueError, TypeError, KeyError, AttributeError) as error:
        # Not chained, and only the type: the library's message may quote the key.
        raise ValueError(f"key {number} is malformed ({type(error).__name__})") from None
    return key
