"""Options: what is refused, and that no secret of them is shown."""

from __future__ import annotations

import traceback

import pytest

from entrepot_contract import ConfigError, StorageError
from entrepot_storage_fsspec import FsspecDriver

ROOT = {"rootdirectory": "/root"}


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({"protocol": "webdav"}, "nothing is known of 'webdav'; set 'replace'"),
        ({"protocol": "memory", "replace": "rename"}, "'replace' of 'memory' is 'write'"),
        ({"protocol": "memory", "create": True}, "'create' cannot be true"),
        ({"protocol": "nosuch", "replace": "write"}, "fsspec has no 'nosuch'"),
        ({"protocol": "zip", "replace": "rename"}, "mv of 'zip' copies and deletes"),
        ({"protocol": "local", "timeout": 0}, "option 'timeout'"),
    ],
)
def test_a_filesystem_that_promises_too_little_is_refused(options: dict[str, object], said: str) -> None:
    with pytest.raises(ConfigError) as caught:
        FsspecDriver.from_config({**ROOT, **options})
    assert said in str(caught.value)


def test_creation_is_claimed_where_it_is_known_or_told() -> None:
    def creates(**options: object) -> bool:
        return FsspecDriver.from_config({**ROOT, **options}).capabilities.create

    assert creates(protocol="local")
    assert not creates(protocol="local", create=False)
    assert not creates(protocol="memory")


def test_secrets_are_in_no_repr_and_no_error() -> None:
    options = {"protocol": "local", "storage_options": {"auto_mkdir": False, "nosuch": "s3cret-of-the-test"}, **ROOT}
    parsed = FsspecDriver.Options.model_validate(options)
    assert "s3cret-of-the-test" not in f"{parsed!r} {parsed}"
    with pytest.raises(ConfigError) as caught:
        FsspecDriver.from_config({**options, "storage_options": "s3cret-of-the-test"})
    assert "s3cret-of-the-test" not in str(caught.value)


def test_a_server_that_is_not_there_is_unavailable_without_secrets() -> None:
    pytest.importorskip("paramiko")
    login = {"host": "127.0.0.1", "port": 1, "username": "nobody", "password": "s3cret-of-the-test"}
    driver = FsspecDriver.from_config({"protocol": "sftp", "storage_options": login, **ROOT})
    with pytest.raises(StorageError) as caught:
        driver.stat("a/k")
    assert caught.value.retryable
    assert "s3cret-of-the-test" not in "".join(traceback.format_exception(caught.value))
    health = driver.health()
    assert not health.ok
    assert "s3cret-of-the-test" not in health.detail
