"""The algorithms of JSON Web Signatures that a configuration allows (RFC 7518, 3.1; RFC 8037)."""

from __future__ import annotations

from typing import Final

from joserfc.errors import UnsupportedAlgorithmError
from joserfc.jwa import JWSAlgModel
from joserfc.jws import JWSRegistry

__all__ = ["MAX_TOKEN", "Algorithms"]

MAX_TOKEN: Final = 16 * 2**10
"""The most characters that a token may have."""


class Algorithms(JWSRegistry):
    """Of all algorithms that joserfc knows, some; never ``none``."""

    max_header_length = MAX_TOKEN
    max_payload_length = MAX_TOKEN
    max_signature_length = MAX_TOKEN

    def __init__(self, names: frozenset[str]) -> None:
        # Parameters of a header that nobody has to understand are ignored (RFC 7515, 4).
        super().__init__(algorithms=names - {"none"}, strict_check_header=False)

    def get_alg(self, name: str) -> JWSAlgModel:
        """An algorithm by name; raises UnsupportedAlgorithmError.

        The base class warns of EdDSA, since RFC 9864 has two names for what it stands for. Distribution knows that one.
        """
        if not self.allowed or name not in self.allowed:
            raise UnsupportedAlgorithmError(f"Algorithm of '{name}' is not allowed")
        return self.algorithms[name]
