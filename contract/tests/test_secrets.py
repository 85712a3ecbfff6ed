"""What the kits take for a secret."""

from __future__ import annotations

import pytest
from pydantic import Secret, SecretBytes, SecretStr

from entrepot_contract import DriverOptions
from entrepot_contract.testing.secrets import secrets_of


class Options(DriverOptions):
    """Options of every kind."""

    name: str = "username"
    text: SecretStr = SecretStr("secret-text")
    data: SecretBytes = SecretBytes(b"secret-data")
    several: Secret[dict[str, object]] = Secret({"host": "hostname", "inner": {"password": "secret-password"}})
    headers: tuple[SecretStr, ...] = (SecretStr("secret-header"), SecretStr("short"))
    secretkey: str = "secret-by-name"
    passwordfile: str = "/run/password"
    url: str = "https://user:secret%2Furl@host.example/path"


def test_secrets_are_found_by_type_name_and_place() -> None:
    found = {"secret-text", "secret-data", "secret-password", "secret-header", "secret-by-name"}
    assert secrets_of(Options()) == found | {"secret/url", "secret%2Furl"}


@pytest.mark.parametrize("options", [{}, {"port": 4711}, {"url": "http://[broken"}, {"path": "/password"}])
def test_other_options_hold_no_secret(options: dict[str, object]) -> None:
    assert secrets_of(options) == set()
