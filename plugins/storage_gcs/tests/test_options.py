"""The options, and their effect without requests to Cloud Storage."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from support.services.gcs import Gcs

from entrepot_contract import ConfigError, Unsupported
from entrepot_storage_gcs import GcsDriver, GcsOptions

from .conftest import OpenDriver


def test_two_kinds_of_credentials_are_refused() -> None:
    with pytest.raises(ConfigError, match="'keyfile' or 'credentials', not both"):
        GcsDriver.from_config({"bucket": "registry", "keyfile": "/key.json", "credentials": {"private_key": "secret"}})


@pytest.mark.parametrize(
    ("option", "value"),
    [("bucket", "Registry"), ("chunksize", 1000), ("endpoint", "https://user:secret@host"), ("endpoint", "host:80")],
)
def test_an_invalid_value_is_refused_without_being_shown(option: str, value: object) -> None:
    with pytest.raises(ConfigError, match=option) as caught:
        GcsDriver.from_config({"bucket": "registry", option: value})
    assert str(value) not in str(caught.value)


def test_the_options_of_distribution_are_accepted() -> None:
    options = GcsOptions.model_validate(
        {
            "bucket": "registry",
            "keyfile": "/key.json",
            "rootdirectory": "/registry",
            "chunksize": 5242880,
            "maxconcurrency": 50,
            "useragent": "mine",
        }
    )
    assert options.chunksize == 5242880


def test_a_key_is_never_shown(account: dict[str, str]) -> None:
    options = GcsOptions.model_validate({"bucket": "registry", "credentials": account})
    for shown in (repr(options), str(options), options.model_dump_json()):
        assert account["private_key_id"] not in shown
        assert account["private_key"][40:80] not in shown


def test_the_emulator_of_the_environment_is_used(gcs: Gcs, bucket: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STORAGE_EMULATOR_HOST", gcs.endpoint)
    driver = GcsDriver.from_config({"bucket": bucket})
    assert driver.put("a/k", b"content").size == 7
    driver.close()


def test_a_url_is_signed_without_a_request(account: dict[str, str]) -> None:
    google = account | {"universe_domain": "googleapis.com"}
    driver = GcsDriver.from_config({"bucket": "registry", "rootdirectory": "r", "credentials": google})
    url = urlsplit(driver.sign_url("a/k", "GET", timedelta(minutes=20)))
    assert (url.scheme, url.netloc, url.path) == ("https", "storage.googleapis.com", "/registry/r/a/k")
    query = parse_qs(url.query)
    assert query["X-Goog-Algorithm"] == ["GOOG4-RSA-SHA256"]
    assert query["X-Goog-Expires"] == ["1200"]
    assert query["X-Goog-Credential"][0].startswith(account["client_email"])
    with pytest.raises(Unsupported, match="7 days"):
        driver.sign_url("a/k", "GET", timedelta(days=8))
    driver.close()


def test_nothing_is_signed_without_a_key(open_driver: OpenDriver) -> None:
    assert open_driver().capabilities.signed_urls == frozenset()
