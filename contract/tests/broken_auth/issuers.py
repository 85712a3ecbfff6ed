"""Broken issuers."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping, Sequence

from contract.tests.broken.register import refused_by
from contract.tests.honest_auth import HonestIssuer

from entrepot_contract.auth import Access, Identity, Refused
from entrepot_contract.tokens import Authority, TokenAnswer, TokenRequest


@refused_by("test_an_issuer_stays_one")
class IssuesOnce(HonestIssuer):
    """Stops issuing after one token."""

    issued = 0

    @property
    def issues(self) -> bool:
        return self.issued < 1

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        self.issued += 1
        return super().issue(request, authority)


@refused_by("test_a_user_gets_a_token_for_what_it_may_do[4]")
class GrantsWhatIsWanted(HonestIssuer):
    """Ignores the rules."""

    def granted(self, authority: Authority, who: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        return frozenset(wanted)


@refused_by("test_a_user_gets_a_token_for_what_it_may_do[4]")
class TokensAreShort(HonestIssuer):
    """Reports a longer lifetime of tokens than the real one."""

    seconds = 30


@refused_by("test_fewer_accesses_than_requested_are_no_error")
class AllOrNothing(HonestIssuer):
    """Refuses if not everything is allowed."""

    def granted(self, authority: Authority, who: Identity | None, wanted: Sequence[Access]) -> frozenset[Access]:
        found = super().granted(authority, who, wanted)
        if wanted and not found:
            raise Refused("nothing is allowed")
        return found


@refused_by("test_an_anonymous_client_gets_a_token_for_what_everybody_may_do")
class WantsUsers(HonestIssuer):
    """Issues no tokens to anonymous clients."""

    def grant(self, request: TokenRequest, authority: Authority, who: Identity | None, offline: bool) -> TokenAnswer:
        return TokenAnswer(401, {}) if who is None else super().grant(request, authority, who, offline)


@refused_by("test_a_wrong_credential_gets_no_token")
class WrongIsNobodyInParticular(HonestIssuer):
    """Treats a wrong credential as an anonymous request."""

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        answer = super().issue(request, authority)
        return self.grant(request, authority, None, False) if answer.status == 401 else answer


@refused_by("test_a_malformed_request_gets_no_token")
class ServesEveryService(HonestIssuer):
    """Ignores the service."""

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        parameters = {name: values for name, values in request.parameters.items() if name != "service"}
        return super().issue(dataclasses.replace(request, parameters=parameters), authority)


@refused_by("test_garbage_gets_a_response")
class NeedsValues(HonestIssuer):
    """Fails for a parameter without a value."""

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        if any(not values for values in request.parameters.values()):
            raise ValueError("no value")
        return super().issue(request, authority)


@refused_by("test_garbage_for_a_scope_grants_nothing[dots]")
class ScopesEscape(HonestIssuer):
    """Raises for a scope that does not parse."""

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        for text in request.parameters.get("scope", []):
            for scope in text.split():
                _kind, _name, _actions = scope.split(":")
        return super().issue(request, authority)


@refused_by("test_a_password_in_a_form_gets_a_token")
class KnowsNoForms(HonestIssuer):
    """Accepts passwords only with GET."""

    def post(self, request: TokenRequest, authority: Authority, one: Mapping[str, str]) -> TokenAnswer:
        return TokenAnswer(404, {"error": "not_found"})


@refused_by("test_a_wrong_password_in_a_form_gets_no_token")
class BelievesForms(HonestIssuer):
    """Checks only the user name."""

    def post(self, request: TokenRequest, authority: Authority, one: Mapping[str, str]) -> TokenAnswer:
        return self.grant(request, authority, authority.user(one.get("username", "")), False)


@refused_by("test_a_refresh_token_gets_tokens_for_what_its_user_may_do_now")
class RefreshIsOfOneInstance(HonestIssuer):
    """Accepts only refresh tokens that the same instance has issued."""

    def __init__(self, options: object) -> None:
        assert isinstance(options, self.Options)
        super().__init__(options)
        self.given: set[object] = set()

    def grant(self, request: TokenRequest, authority: Authority, who: Identity | None, offline: bool) -> TokenAnswer:
        answer = super().grant(request, authority, who, offline)
        self.given.add(answer.content.get("refresh_token"))
        return answer

    def post(self, request: TokenRequest, authority: Authority, one: Mapping[str, str]) -> TokenAnswer:
        if one.get("refresh_token") not in self.given | {None}:
            raise Refused("the token is unknown")
        return super().post(request, authority, one)


@refused_by("test_a_refresh_token_is_no_bearer_token")
class EveryTokenIsABearer(HonestIssuer):
    """Accepts a refresh token as a bearer token."""

    def verify(self, token: str, kind: str) -> dict[str, object]:
        try:
            return super().verify(token, kind)
        except Refused:
            return {"grants": [], "exp": 2**40, **super().verify(token, "refresh")} if kind == "access" else {}


@refused_by("test_a_bearer_token_is_no_refresh_token")
class EveryTokenRefreshes(HonestIssuer):
    """Accepts a bearer token as a refresh token."""

    def verify(self, token: str, kind: str) -> dict[str, object]:
        try:
            return super().verify(token, kind)
        except Refused:
            return {"stamp": "kit-stamp-1", **super().verify(token, "access")}


@refused_by("test_a_spoilt_refresh_token_gets_no_token")
class TakesHalfASignature(HonestIssuer):
    """Checks only the beginning of a signature."""

    def signature(self, text: str) -> str:
        return super().signature(text)

    def verify(self, token: str, kind: str) -> dict[str, object]:
        text, _, signature = token.partition(".")
        whole = self.signature(text)
        short = bool(signature) and whole.startswith(signature[:40])
        return super().verify(f"{text}.{whole}" if short else token, kind)


@refused_by("test_a_refresh_token_ends_with_the_stamp_of_its_user")
class StampsMeanNothing(HonestIssuer):
    """Issues tokens to users whose password has changed."""

    def still(self, authority: Authority, claims: Mapping[str, object]) -> Identity:
        user = authority.user(str(claims["sub"]))
        if user is None:
            raise Refused("the user is gone")
        return user


@refused_by("test_a_refresh_token_ends_with_its_user")
class UsersNeverEnd(HonestIssuer):
    """Issues tokens to users that no longer exist."""

    def still(self, authority: Authority, claims: Mapping[str, object]) -> Identity:
        return authority.user(str(claims["sub"])) or Identity(str(claims["sub"]))


@refused_by("test_requests_that_meet_in_the_authority_get_what_each_asked_for[authenticate]")
class GrantsTheLastRequest(HonestIssuer):
    """Keeps the request in an attribute while the authority looks for the user."""

    last: TokenRequest | None = None

    def issue(self, request: TokenRequest, authority: Authority) -> TokenAnswer:
        self.last = request
        return super().issue(request, authority)

    def grant(self, request: TokenRequest, authority: Authority, who: Identity | None, offline: bool) -> TokenAnswer:
        return super().grant(self.last or request, authority, who, offline)
