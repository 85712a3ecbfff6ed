"""Valid options, and error messages for invalid ones."""

from __future__ import annotations

import importlib.util

import pytest

from entrepot_contract import ConfigError
from entrepot_storage_azure import AzureDriver, AzureOptions

KEY = "c2VjcmV0"
NAMED_KEY = f"AccountName=account;AccountKey={KEY}"
NAMED: dict[str, object] = {"container": "registry", "accountname": "account"}
CLIENT = {"type": "client_secret", "clientid": "id", "tenantid": "tenant", "secret": "very secret"}


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"accountname": "account", "accountkey": KEY}, "'container' is required"),
        ({"container": "Not_A_Name", "accountname": "account"}, "container"),
        ({"container": "registry"}, "accountname is required"),
        ({**NAMED, "accountkey": "very secret"}, "accountkey.*not valid base64"),
        ({**NAMED, "connectionstring": "AccountName=account;very secret"}, "connectionstring.*neither AccountName"),
        ({**NAMED, "connectionstring": NAMED_KEY, "accountkey": KEY}, "connectionstring cannot be combined"),
        ({**NAMED, "credentials": {"type": "shared_key"}}, "shared_key require accountkey"),
        ({**NAMED, "credentials": CLIENT | {"tenantid": ""}}, "client_secret require clientid, tenantid and secret"),
        ({**NAMED, "credentials": {"type": "password"}}, "credentials.type"),
        ({**NAMED, "retry_delay": "soon"}, "retry_delay"),
        ({**NAMED, "acountkey": KEY}, "did you mean 'accountkey'"),
    ],
)
def test_a_wrong_option_is_named_without_secrets(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError, match=message) as caught:
        AzureDriver.from_config(options)
    assert "very secret" not in str(caught.value)
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(("text", "seconds"), [("100ms", 0.1), ("1.5s", 1.5), ("2m", 120)])
def test_a_delay_has_the_syntax_of_distribution(text: str, seconds: float) -> None:
    options = AzureOptions.model_validate({**NAMED, "accountkey": KEY, "retry_delay": text})
    assert options.seconds_between_retries == pytest.approx(seconds)


def test_an_invalid_connection_string_is_a_wrong_option() -> None:
    driver = AzureDriver.from_config({"container": "registry", "connectionstring": f"{NAMED_KEY};EndpointSuffix"})
    with pytest.raises(ConfigError, match="connectionstring") as caught:
        driver.stat("a/k")
    assert KEY not in str(caught.value)


@pytest.mark.parametrize("credentials", [CLIENT, {"type": "default_credentials"}, None])
def test_tokens_require_the_extra(credentials: dict[str, object] | None, monkeypatch: pytest.MonkeyPatch) -> None:
    options = {**NAMED, "credentials": credentials} if credentials else NAMED
    assert AzureDriver.from_config(options).capabilities.signed_urls == {"GET", "HEAD"}
    # The extra is installed in the test environment, and cannot be uninstalled by a test.
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"pip install 'entrepot-storage-azure\[identity\]'"):
        AzureDriver.from_config(options)
