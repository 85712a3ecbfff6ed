"""Suites of the kit for the correct authenticators, and for the broken ones derived from them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest
from contract.tests import honest_auth, honest_jwt

from entrepot_contract.auth import Presented
from entrepot_contract.testing import AuthenticatorContract, basic, bearer


class BasicCase(AuthenticatorContract):
    authenticator_class = honest_auth.HonestBasic

    @pytest.fixture
    def config(self, tmp_path: Path) -> Mapping[str, object]:
        return honest_auth.basic_config(tmp_path)

    @pytest.fixture
    def accepted(self) -> Sequence[tuple[Presented, str]]:
        return [(basic(user, word), user) for user, words in honest_auth.USERS.items() for word in words]

    @pytest.fixture
    def refused(self) -> Sequence[Presented]:
        return [basic("alice", "looking-glass-2"), basic("nobody-else", "wonderland-1")]

    @pytest.fixture
    def set_users(self, tmp_path: Path) -> Callable[[Mapping[str, str]], None]:
        def write(users: Mapping[str, str]) -> None:
            honest_auth.basic_config(tmp_path, {user: [word] for user, word in users.items()})

        return write


class IssuerCase(AuthenticatorContract):
    authenticator_class = honest_auth.HonestIssuer

    @pytest.fixture
    def config(self) -> Mapping[str, object]:
        return honest_auth.issuer_config()

    @pytest.fixture
    def accepted(self) -> Sequence[tuple[Presented, str]]:
        return []

    @pytest.fixture
    def refused(self) -> Sequence[Presented]:
        return [bearer("e30.wrong-signature-of-the-kit")]


class VerifierCase(AuthenticatorContract):
    authenticator_class = honest_jwt.HonestVerifier

    @pytest.fixture
    def config(self) -> Mapping[str, object]:
        return honest_jwt.verifier_config()

    @pytest.fixture
    def accepted(self) -> Sequence[tuple[Presented, str]]:
        return [(honest_jwt.signed({}), "alice"), (honest_jwt.signed({"sub": "bertram"}), "bertram")]

    @pytest.fixture
    def refused(self) -> Sequence[Presented]:
        return [honest_jwt.signed({}, key="another key of the kit")]

    @pytest.fixture
    def sign(self) -> Callable[[Mapping[str, object]], Presented]:
        return honest_jwt.signed
