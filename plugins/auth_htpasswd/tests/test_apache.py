"""Files created by Apache's htpasswd."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest
from support.services.programs import need

from entrepot_contract.auth import Refused

from .conftest import Open, Present, Wait


@pytest.fixture(autouse=True)
def program(request: pytest.FixtureRequest) -> None:
    need(request, "htpasswd")


def htpasswd(path: Path, user: str, password: str, *flags: str) -> None:
    """Set a user's password, creating the file if needed."""
    flags = (*flags, "-i") if path.exists() else (*flags, "-i", "-c")
    subprocess.run(["htpasswd", *flags, path, user], input=password.encode(), check=True, capture_output=True)


@pytest.mark.parametrize("flags", [["-B"], ["-B", "-C", "4"], ["-B", "-C", "10"]])
@pytest.mark.parametrize("password", ["secret", "pä:ß €", "x" * 72, "y" * 100, "ü" * 60, " "])
def test_a_user_created_by_htpasswd_can_log_in(
    path: Path, open_one: Open, present: Present, flags: list[str], password: str
) -> None:
    htpasswd(path, "jürgen", password, *flags)
    authenticator = open_one()
    assert authenticator.authenticate(present("jürgen", password)) == authenticator.user("jürgen")
    with pytest.raises(Refused):
        authenticator.authenticate(present("jürgen", "-" + password))


@pytest.mark.parametrize("flag", ["-m", "-2", "-5", "-d", "-s", "-p"])
def test_a_user_with_another_hash_cannot_log_in(path: Path, open_one: Open, present: Present, flag: str) -> None:
    htpasswd(path, "alice", "secret", flag)
    htpasswd(path, "bob", "secret", "-B")
    authenticator = open_one()
    with pytest.raises(Refused):
        authenticator.authenticate(present("alice", "secret"))
    assert authenticator.user("alice") is None
    assert authenticator.user("bob") is not None


def test_changes_by_htpasswd_apply_without_a_restart(path: Path, open_one: Open, wait: Wait, present: Present) -> None:
    htpasswd(path, "alice", "old", "-B")
    authenticator = open_one()
    htpasswd(path, "bob", "secret", "-B")
    wait(lambda: authenticator.user("bob") is not None)
    htpasswd(path, "alice", "new", "-B")

    def changed() -> bool:
        try:
            return authenticator.authenticate(present("alice", "new")) is not None
        except Refused:
            return False

    wait(changed)
    subprocess.run(["htpasswd", "-D", path, "alice"], check=True, capture_output=True)
    wait(lambda: authenticator.user("alice") is None)
    assert authenticator.user("bob") is not None
