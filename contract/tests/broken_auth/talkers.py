"""Authenticators with malformed challenges, or that reveal credentials."""

from __future__ import annotations

import binascii
import logging
from collections.abc import Mapping, Sequence

from contract.tests.broken.register import refused_by
from contract.tests.honest_auth import HonestBasic, HonestIssuer

from entrepot_contract.auth import Access, Identity, Presented, Refusal, Refused
from entrepot_contract.tokens import Authority, TokenAnswer, TokenRequest

log = logging.getLogger("broken")


@refused_by("test_a_request_is_challenged_by_a_scheme_that_is_handled")
class ChallengesByAnotherScheme(HonestBasic):
    """Sends a challenge for a scheme that it does not accept."""

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        return 'Digest realm="kit"'


@refused_by("test_a_request_is_challenged_by_a_scheme_that_is_handled")
class ChallengesOnceOnly(HonestBasic):
    """Sends no challenge for an invalid credential."""

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        return super().challenge(presented, wanted, refusal) if refusal is None else None


@refused_by("test_hostile_requests_get_one_challenge_in_one_line")
class QuotesNothing(HonestIssuer):
    """Does not escape repository names in quoted strings."""

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        scope = " ".join(f"{access.kind}:{access.name}:{access.action}" for access in wanted)
        return f'Bearer realm="https://kit/",service="kit.example",scope="{scope}"'


@refused_by("test_any_request_gets_one_challenge")
class BreaksOnStars(HonestBasic):
    """Raises if the client's address contains non-ASCII characters."""

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        if any(letter > "\U00010000" for letter in presented.address):
            raise UnicodeError("the address is not ASCII")
        return super().challenge(presented, wanted, refusal)


@refused_by("test_no_challenge_holds_a_credential")
class ChallengesByTheCredential(HonestBasic):
    """Includes the credential in the challenge."""

    def challenge(self, presented: Presented, wanted: Sequence[Access], refusal: Refusal | None) -> str | None:
        parameter = (presented.authorization or "").partition(" ")[2]
        return f'Basic realm="kit",was="{parameter}"' if parameter.isalnum() else 'Basic realm="kit"'


@refused_by("test_no_refusal_shows_a_credential")
class RefusesByName(HonestBasic):
    """Includes the user name in the refusal."""

    def check(self, user: str, password: str) -> Identity:
        try:
            return super().check(user, password)
        except Refused:
            raise Refused(f"the password of {user} is wrong") from None


@refused_by("test_no_refusal_shows_a_credential")
class CausesShowBytes(HonestBasic):
    """Chains an exception that contains the undecoded credential."""

    def decode(self, parameter: str) -> tuple[str, str]:
        try:
            return super().decode(parameter)
        except Refused as error:
            raise error from binascii.Error(parameter)


@refused_by("test_no_log_record_shows_a_credential")
class LogsCredentials(HonestBasic):
    """Logs credentials."""

    def parameter(self, presented: Presented) -> str | None:
        log.debug("presented: %s", presented.authorization)
        return super().parameter(presented)


@refused_by("test_no_repr_shows_a_credential")
class RemembersInItsRepr(HonestBasic):
    """Shows the last password in its repr."""

    last = ""

    def check(self, user: str, password: str) -> Identity:
        self.last = password
        return super().check(user, password)

    def __repr__(self) -> str:
        return f"RemembersInItsRepr({self.last})"


@refused_by("test_issuing_tokens_shows_no_credential")
class LogsPasswords(HonestIssuer):
    """Logs the form."""

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        log.info("token requested: %s", dict(request.parameters))
        return super().issue(request, authority)


@refused_by("test_issuing_tokens_shows_no_credential")
class AnswersTheForm(HonestIssuer):
    """Sends the form back with the error."""

    def post(self, request: TokenRequest, authority: Authority, one: Mapping[str, str]) -> TokenAnswer:
        try:
            return super().post(request, authority, one)
        except Refused:
            return TokenAnswer(401, {"error": "invalid_grant", "request": dict(one)})
