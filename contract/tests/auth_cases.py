"""Suites of the kit for the correct authenticators, and for the broken ones derived from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from contract.tests import honest_auth

from entrepot_contract.auth import Presented
from entrepot_contract.testing import AuthenticatorContract, basic, bearer


class BasicCase(AuthenticatorContract):
    authenticator_class = honest_auth.HonestBasic

    @pytest.fixture
    def config(self, tmp_path: Path) -> Mapping[str, object]:
        return honest_auth.basic_config(tmp_path)

    @pytest.fixture
    def accepted(self) -> Sequence[tuple[Presented, str]]:
        return [(basic(user, password), user) for user, password in honest_auth.USERS.items()]

    @pytest.fixture
    def refused(self) -> Sequence[Presented]:
        return [basic("alice", "looking-glass-2"), basic("nobody-else", "wonderland-1")]

    @pytest.fixture
    def timing(self) -> Sequence[tuple[Presented, Presented]]:
        return [(basic("alice", "looking-glass-2"), basic("nobody-else", "looking-glass-2"))]


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
