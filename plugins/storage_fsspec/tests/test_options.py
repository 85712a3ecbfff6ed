"""Invalid options are refused, and secrets are not shown."""

from __future__ import annotations

import traceback

import pytest

from entrepot_contract import ConfigError, StorageError
from entrepot_storage_fsspec import FsspecDriver

SECRET = "s3cret-of-the-test"  # noqa: S105  # what must not be shown


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"protocol": "ftp"}, "option 'replace': set it to 'rename' if"),
        ({"protocol": "zip", "replace": "rename"}, "option 'replace': set it to 'rename' if"),
        ({"protocol": "nosuch", "replace": "rename"}, "'protocol'"),
        ({"protocol": "local", "replace": "copy"}, "option 'replace'"),
        ({"protocol": "local", "timeout": 0}, "option 'timeout'"),
        ({"protocol": "local", "rootdirectory": "relative"}, "option 'rootdirectory'"),
        ({"protocol": "local", "rootdirectory": "/data*"}, "option 'rootdirectory'"),
    ],
)
def test_a_filesystem_without_atomic_rename_is_refused(options: dict[str, object], message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        FsspecDriver.from_config({"rootdirectory": "/root", **options})
    assert message in str(caught.value)


def test_a_filesystem_with_replace_rename_is_shared() -> None:
    driver = FsspecDriver.from_config({"protocol": "ftp", "rootdirectory": "/root", "replace": "rename"})
    assert (driver.capabilities.shared, driver.capabilities.create, driver.capabilities.durable) == (True, False, False)


def test_secrets_are_not_in_reprs_and_errors() -> None:
    options = {"protocol": "sftp", "rootdirectory": "/root", "storage_options": {"password": SECRET}}
    assert SECRET not in f"{FsspecDriver.Options.model_validate(options)!r}"
    with pytest.raises(ConfigError) as caught:
        FsspecDriver.from_config({**options, "storage_options": SECRET})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"no_such": SECRET}, {"host_key_policy": SECRET}, {"key_filename": f"/{SECRET}"}])
def test_options_that_fsspec_rejects_are_a_config_error_and_not_shown(wrong: dict[str, object]) -> None:
    pytest.importorskip("paramiko")
    login = {"host": "127.0.0.1", "port": 1, "username": "nobody", **wrong}
    driver = FsspecDriver.from_config({"protocol": "sftp", "rootdirectory": "/root", "storage_options": login})
    with pytest.raises(StorageError) as caught:
        driver.stat("a/k")
    assert SECRET not in str(caught.value)
    assert isinstance(caught.value, ConfigError) or caught.value.retryable  # the key is checked before the port
    assert SECRET not in driver.health().detail


def test_an_unreachable_server_is_unavailable_without_secrets() -> None:
    pytest.importorskip("paramiko")
    login = {"host": "127.0.0.1", "port": 1, "username": "nobody", "password": SECRET}
    driver = FsspecDriver.from_config({"protocol": "sftp", "rootdirectory": "/root", "storage_options": login})
    with pytest.raises(StorageError) as caught:
        driver.stat("a/k")
    assert caught.value.retryable
    assert SECRET not in "".join(traceback.format_exception(caught.value))
    health = driver.health()
    assert not health.ok
    assert SECRET not in health.detail
