"""Fixtures for an htpasswd file and requests of its users."""

from __future__ import annotations

import base64
import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import bcrypt
import pytest

from entrepot_auth_htpasswd import HtpasswdAuthenticator
from entrepot_contract.auth import Presented

Write = Callable[..., Path]
Present = Callable[[str, str], Presented]
Wait = Callable[[Callable[[], bool]], None]
Open = Callable[..., HtpasswdAuthenticator]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Path of the htpasswd file."""
    return tmp_path / "htpasswd"


@pytest.fixture
def write(path: Path) -> Write:
    """A function that atomically replaces the file with one for the given users and passwords."""

    def write_one(passwords: Mapping[str, str], *, cost: int = 4) -> Path:
        new = path.with_suffix(".new")
        lines = [
            f"{user}:{bcrypt.hashpw(word.encode(), bcrypt.gensalt(cost)).decode()}" for user, word in passwords.items()
        ]
        new.write_text("\n".join(lines) + "\n")
        os.replace(new, path)
        return path

    return write_one


@pytest.fixture
def open_one(path: Path) -> Open:
    """A function that opens an authenticator on the file, with further options."""

    def open_with(**options: object) -> HtpasswdAuthenticator:
        return HtpasswdAuthenticator.from_config({"realm": "entrepot", "path": str(path), **options})

    return open_with


@pytest.fixture
def present() -> Present:
    """A function that builds the request of a user with a password."""

    def present_one(user: str, password: str) -> Presented:
        return Presented(f"Basic {base64.b64encode(f'{user}:{password}'.encode()).decode()}")

    return present_one


@pytest.fixture
def wait() -> Wait:
    """A function that waits until a condition holds; files are checked for changes once a second."""

    def wait_until(condition: Callable[[], bool]) -> None:
        end = time.monotonic() + 20
        while not condition():
            assert time.monotonic() < end, "the condition did not hold within 20 seconds"
            time.sleep(0.05)

    return wait_until
