"""Tests that no part of a credential appears in errors, reprs or logs."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Sequence

import pytest

from entrepot_contract.auth import Authenticator, Presented, Refused
from entrepot_contract.testing.auth.base import AuthBase, Known
from entrepot_contract.testing.auth.credentials import (
    SENTINEL,
    anew,
    basic,
    bearer,
    decoded,
    raw,
    scheme_of,
    secrets_of,
    spoilt,
)
from entrepot_contract.testing.auth.garbage import MAX_SIZE
from entrepot_contract.testing.auth.world import PASSWORD, USER, WANTED, KitAuthority, ask, client_of
from entrepot_contract.testing.secrets import chain, said, shows, text_of
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.tokens import TokenIssuer, TokenRequest

__all__ = ["SecrecyContract"]


class SecrecyContract(AuthBase):
    """Tests of errors, reprs and logs."""

    @pytest.fixture
    def probes(self, known: Known, refused: Sequence[Presented], schemes: Sequence[str]) -> Sequence[Presented]:
        """Valid credentials, variants of them, and arbitrary ones."""
        good = [presented for presented, _ in known]
        made = [
            raw(f"{scheme} {SENTINEL}{tail}") for scheme in schemes for tail in ("", ":\0", "\u20ac", "x" * MAX_SIZE)
        ]
        made += [anew(one, f"{scheme_of(one)} {basic(SENTINEL, SENTINEL).authorization}") for one in good]
        return [*good, *refused, *(worse for one in good for worse in spoilt(one)), *made]

    @sentence("authenticate", "No part of a credential appears in any message, repr or log line.")
    @sentence("Refused", "without any part of it.")
    def test_no_refusal_shows_a_credential(self, authenticator: Authenticator, probes: Sequence[Presented]) -> None:
        for presented in probes:
            try:
                authenticator.authenticate(presented)
            except Refused as error:
                for link in chain(error):
                    assert not shows(text_of(link), secrets_of(presented)), f"{type(link).__name__} shows a credential"
                whole = "".join(traceback.format_exception(error))
                assert not shows(whole, secrets_of(presented)), "the traceback shows a credential"

    @sentence("authenticate", "No part of a credential appears in any message, repr or log line.")
    def test_no_log_record_shows_a_credential(
        self, authenticator: Authenticator, probes: Sequence[Presented], caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)
        for presented in probes:
            caplog.clear()
            try:
                authenticator.authenticate(presented)
            except Refused as error:
                # As the host does, so that the causes of the error are part of the log as well.
                logging.getLogger("entrepot.kit").debug("refused: %s", error, exc_info=error)
            authenticator.challenge(presented, WANTED, "invalid")
            assert not shows(said(caplog.records), secrets_of(presented)), "a log record shows a credential"

    @sentence("Presented", "The credentials that a request presents; the repr contains no credential.")
    @sentence("authenticate", "No part of a credential appears in any message, repr or log line.")
    def test_no_repr_shows_a_credential(self, authenticator: Authenticator, probes: Sequence[Presented]) -> None:
        for presented in probes:
            try:
                identity = authenticator.authenticate(presented)
            except Refused:
                identity = None
            secrets = secrets_of(presented)
            assert not shows(f"{presented!r} {presented}", secrets), "Presented shows a credential"
            assert not shows(f"{authenticator!r} {authenticator}", secrets), "the authenticator shows a credential"
            pair = decoded(presented)
            names = {pair[0]} if pair is not None else set()
            assert not shows(repr(identity), secrets - names), "the identity shows more than its name"

    @sentence("issue", "No part of a credential appears in any message, repr or log line.")
    @sentence("TokenRequest", "``parameters`` are from the query string for GET and from the form for POST.")
    @needs("issues")
    def test_issuing_tokens_shows_no_credential(
        self,
        authenticator: Authenticator,
        issuer: TokenIssuer,
        authority: KitAuthority,
        caplog: pytest.LogCaptureFixture,
    ) -> None:
        caplog.set_level(logging.DEBUG)
        client = client_of(authenticator, WANTED)
        password = {**client, "grant_type": ["password"], "access_type": ["offline"], "username": [USER]}
        secrets = {PASSWORD, SENTINEL, *secrets_of(basic(USER, PASSWORD)), *secrets_of(basic(USER, SENTINEL))} - {USER}
        responses = [
            ask(issuer, authority, "GET", client, basic(USER, PASSWORD)),
            ask(issuer, authority, "GET", client, basic(USER, SENTINEL)),
            ask(issuer, authority, "GET", client, bearer(SENTINEL)),
            ask(issuer, authority, "POST", {**password, "password": [PASSWORD]}),
            ask(issuer, authority, "POST", {**password, "password": [SENTINEL]}),
            ask(issuer, authority, "POST", {**client, "grant_type": ["refresh_token"], "refresh_token": [SENTINEL]}),
        ]
        for response in responses:
            assert not shows(f"{response.content!r} {response.headers!r}", secrets), "a response shows a credential"
            tokens = {str(text) for name, text in response.content.items() if name.endswith("token")}
            assert not shows(repr(response), secrets | tokens), "the repr of a response shows a token"
            assert not shows(said(caplog.records), secrets | tokens), "a log record shows a credential"
        request = TokenRequest("POST", {"password": [PASSWORD]}, basic(USER, PASSWORD))
        assert not shows(f"{request!r} {authenticator!r}", secrets)
