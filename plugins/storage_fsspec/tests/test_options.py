"""Options: what is refused, and that no secret of them is shown."""

from __future__ import annotations

import traceback

import pytest

from entrepot_contract import ConfigError, StorageError
from entrepot_storage_fsspec import FsspecDriver

SECRET = "s3cret-of-the-test"  # noqa: S105  # what must not be shown


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"protocol": "ftp"}, "option 'replace': say 'rename' if"),
        ({"protocol": "zip", "replace": "rename"}, "option 'replace': say 'rename' if"),
        ({"protocol": "nosuch", "replace": "rename"}, "'protocol'"),
        ({"protocol": "local", "replace": "copy"}, "option 'replace'"),
        ({"protocol": "local", "timeout": 0}, "option 'timeout'"),
        ({"protocol": "local", "rootdirectory": "relative"}, "option 'rootdirectory'"),
        ({"protocol": "local", "rootdirectory": "/data*"}, "option 'rootdirectory'"),
    ],
)
def test_a_filesystem_that_promises_too_little_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        FsspecDriver.from_config({"rootdirectory": "/root", **options})
    assert said in str(caught.value)


def test_one_that_is_told_to_replace_in_one_step_is_shared() -> None:
    driver = FsspecDriver.from_config({"protocol": "ftp", "rootdirectory": "/root", "replace": "rename"})
    assert (driver.capabilities.shared, driver.capabilities.create, driver.capabilities.durable) == (True, False, False)


def test_secrets_are_in_no_repr_and_no_error() -> None:
    options = {"protocol": "sftp", "rootdirectory": "/root", "storage_options": {"password": SECRET}}
    assert SECRET not in f"{FsspecDriver.Options.model_validate(options)!r}"
    with pytest.raises(ConfigError) as caught:
        FsspecDriver.from_config({**options, "storage_options": SECRET})
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("wrong", [{"no_such": SECRET}, {"host_key_policy": SECRET}, {"key_filename": f"/{SECRET}"}])
def test_options_that_fsspec_refuses_are_a_wrong_configuration_and_not_shown(wrong: dict[str, object]) -> None:
    pytest.importorskip("paramiko")
    login = {"host": "127.0.0.1", "port": 1, "username": "nobody", **wrong}
    driver = FsspecDriver.from_config({"protocol": "sftp", "rootdirectory": "/root", "storage_options": login})
    with pytest.raises(StorageError) as caught:
        driver.stat("a/k")
    assert SECRET not in str(caught.value)
    assert isinstance(caught.value, ConfigError) or caught.value.retryable  # the port is not asked before the key
    assert SECRET not in driver.health().detail


def test_a_server_that_is_not_there_is_unavailable_without_secrets() -> None:
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
