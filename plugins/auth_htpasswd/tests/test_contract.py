"""Contract tests of the authenticator."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import pytest

from entrepot_auth_htpasswd import HtpasswdAuthenticator
from entrepot_contract.auth import Presented
from entrepot_contract.testing import AuthenticatorContract, basic

from .conftest import Write

PASSWORDS = {"alice": "down the rabbit hole", "jürgen": "pä:ß:密码"}

COST = 8
"""High enough that a timing difference between users is measurable."""


class TestHtpasswd(AuthenticatorContract):
    authenticator_class = HtpasswdAuthenticator

    @pytest.fixture
    def config(self, write: Write, tmp_path: Path) -> dict[str, object]:
        groups = tmp_path / "groups"
        groups.write_text("devs: alice jürgen\n")
        return {"realm": "entrepot", "path": str(write(PASSWORDS, cost=COST)), "groupfile": str(groups)}

    @pytest.fixture
    def accepted(self) -> Sequence[tuple[Presented, str]]:
        return [(basic(user, password), user) for user, password in PASSWORDS.items()]

    @pytest.fixture
    def refused(self) -> Sequence[Presented]:
        return [
            basic("alice", "up the rabbit hole"),
            basic("nobody", PASSWORDS["alice"]),
            basic("jürgen", PASSWORDS["alice"]),
        ]

    @pytest.fixture
    def set_users(self, write: Write) -> Callable[[Mapping[str, str]], None]:
        def set_users(users: Mapping[str, str]) -> None:
            write(users)

        return set_users

    @pytest.fixture
    def timing(self) -> Sequence[tuple[Presented, Presented]]:
        return [(basic("alice", "up the rabbit hole"), basic("nobody", "up the rabbit hole"))]
