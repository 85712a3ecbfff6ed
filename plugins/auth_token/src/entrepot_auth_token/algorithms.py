"""The JSON Web Signature algorithms that the configuration allows (RFC 7518, 3.1; RFC 8037)."""

from __future__ import annotations

from typing import Final

from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry

__all__ = ["MAX_TOKEN", "Algorithms"]

MAX_TOKEN: Final = 16 * 2**10
"""Maximum length of a token, in characters."""


class Algorithms(JWSRegistry):
    """A joserfc registry restricted to the allowed algorithms; never ``none``."""

    max_header_length = MAX_TOKEN
    max_payload_length = MAX_TOKEN
    max_signature_length = MAX_TOKEN

    def __init__(self, names: frozenset[str]) -> None:
        # Unknown header parameters that are not critical are ignored (RFC 7515, 4).
        super().__init__(algorithms=names - {"none"}, strict_check_header=False)

    def get_alg(self, name: str) -> JWSAlgModel:
        """Return an algorithm by name. Raises UnsupportedAlgorithmError if it is not allowed.

        The base class warns about EdDSA, which RFC 9864 replaced with two names; Distribution still uses EdDSA.
        """
        if not self.allowed or name not in self.allowed:
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        return self.algorithms[name]
