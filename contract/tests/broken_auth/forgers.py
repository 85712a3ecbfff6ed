"""Authenticators that accept tokens with an invalid signature, outside of their time, or for others."""

from __future__ import annotations

import base64
import hashlib
import hmac
from collections.abc import Mapping

from contract.tests.broken.register import refused_by
from contract.tests.honest_jwt import HonestVerifier

from entrepot_contract.auth import Identity

UNSIGNED = "test_a_token_with_an_invalid_signature_is_refused"
FOR_OTHERS = "test_a_token_for_others_is_refused"
OUT_OF_TIME = "test_a_token_outside_of_its_time_is_refused"


@refused_by(UNSIGNED)
class AcceptsNoAlgorithm(HonestVerifier):
    """Accepts the algorithm none."""

    def check_signature(self, header: Mapping[str, object], signed: str, signature: str) -> None:
        if header.get("alg") != "none":
            super().check_signature(header, signed, signature)


@refused_by(UNSIGNED)
class AcceptsNoneInAnyCase(HonestVerifier):
    """Forbids the algorithm none only as it is usually written."""

    def check_signature(self, header: Mapping[str, object], signed: str, signature: str) -> None:
        if header.get("alg") == "none" or str(header.get("alg")).lower() != "none":
            super().check_signature(header, signed, signature)


@refused_by(UNSIGNED)
class TrustsKeysOfHeaders(HonestVerifier):
    """Takes the key from the header of the token."""

    def key(self, header: Mapping[str, object]) -> str:
        own = header.get("jwk")
        if isinstance(own, dict) and isinstance(text := own.get("k"), str):
            return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4)).decode()
        return super().key(header)


@refused_by(UNSIGNED)
class ComparesTheBeginning(HonestVerifier):
    """Accepts a signature that is cut."""

    def same(self, given: bytes, expected: bytes) -> bool:
        return len(given) >= 16 and hmac.compare_digest(given, expected[: len(given)])


@refused_by(UNSIGNED)
class ComparesTheLongerBeginning(HonestVerifier):
    """Accepts a signature with more behind it."""

    def same(self, given: bytes, expected: bytes) -> bool:
        return given.startswith(expected)


@refused_by(UNSIGNED)
class SkipsEmptySignatures(HonestVerifier):
    """Checks only a signature that is there."""

    def check_signature(self, header: Mapping[str, object], signed: str, signature: str) -> None:
        if signature:
            super().check_signature(header, signed, signature)


@refused_by(UNSIGNED)
class SignsTheHeaderOnly(HonestVerifier):
    """Checks whether it has seen the signature, not what it signs."""

    seen: frozenset[str] = frozenset()

    def check_signature(self, header: Mapping[str, object], signed: str, signature: str) -> None:
        if signature not in self.seen:
            super().check_signature(header, signed, signature)
        self.seen |= {signature}


@refused_by(UNSIGNED)
class HasADefaultKey(HonestVerifier):
    """Accepts also tokens that were signed with the key of an example."""

    def check_signature(self, header: Mapping[str, object], signed: str, signature: str) -> None:
        example = base64.urlsafe_b64encode(hmac.digest(b"secret", signed.encode("utf-8", "replace"), hashlib.sha256))
        if signature.encode("utf-8", "replace") != example.rstrip(b"="):
            super().check_signature(header, signed, signature)


@refused_by(OUT_OF_TIME)
class TokensNeverExpire(HonestVerifier):
    """Does not compare the time of expiry."""

    def check_time(self, claims: Mapping[str, object]) -> None:
        super().check_time({**claims, "exp": 2**39})


@refused_by(OUT_OF_TIME)
class TokensWithoutTimeNeverExpire(HonestVerifier):
    """Treats an expiry of 0 as none."""

    def check_time(self, claims: Mapping[str, object]) -> None:
        super().check_time({**claims, "exp": claims.get("exp") or 2**39})


@refused_by(OUT_OF_TIME)
class TokensBeginAtOnce(HonestVerifier):
    """Does not compare the time at which a token becomes valid."""

    def check_time(self, claims: Mapping[str, object]) -> None:
        super().check_time({**claims, "nbf": 0})


@refused_by(FOR_OTHERS)
class TokensAreForEverybody(HonestVerifier):
    """Does not compare the audience."""

    def check_parties(self, claims: Mapping[str, object]) -> None:
        super().check_parties({**claims, "aud": self.options.audience})


@refused_by(FOR_OTHERS)
class NoAudienceIsAnyAudience(HonestVerifier):
    """Accepts a token whose audience is empty."""

    def check_parties(self, claims: Mapping[str, object]) -> None:
        super().check_parties({**claims, "aud": claims.get("aud") or self.options.audience})


@refused_by(FOR_OTHERS)
class TokensAreFromEverybody(HonestVerifier):
    """Does not compare the issuer."""

    def check_parties(self, claims: Mapping[str, object]) -> None:
        super().check_parties({**claims, "iss": self.options.issuer})


@refused_by("test_signed_nonsense_is_refused_or_grants_nothing")
class OddTimesEscape(HonestVerifier):
    """Computes with the times of a token before it looks at their types."""

    def identity(self, claims: Mapping[str, object]) -> Identity:
        expires = claims.get("exp")
        assert isinstance(expires, int)
        return super().identity(claims)
