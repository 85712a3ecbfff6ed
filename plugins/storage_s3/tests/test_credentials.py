"""The SDK's credential chain with unusable files."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path

import pytest

from entrepot_contract import ConfigError, Denied, StorageError
from entrepot_storage_s3 import S3Driver

ROLE = "arn:aws:iam::123456789012:role/of-the-tests"


@pytest.fixture(autouse=True)
def _no_chain(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, os.devnull)


@pytest.mark.parametrize(
    ("variable", "content", "kind", "named"),
    [
        ("AWS_WEB_IDENTITY_TOKEN_FILE", None, Denied, "{file}"),
        ("AWS_WEB_IDENTITY_TOKEN_FILE", b"\xff", ConfigError, "AWS_WEB_IDENTITY_TOKEN_FILE"),
        ("AWS_CONFIG_FILE", b"no [ini\nfile", ConfigError, "{file}"),
        ("AWS_SHARED_CREDENTIALS_FILE", b"no [ini\nfile", ConfigError, "{file}"),
        ("AWS_CONFIG_FILE", b"[default]\ncredential_process = /no/such/program", Denied, "/no/such/program"),
        ("AWS_CONFIG_FILE", b"[default]\nrole_arn = x\nsource_profile = lost", ConfigError, "lost"),
        ("AWS_CONFIG_FILE", b"[default]\ncredential_process = /bin/false", Denied, "CredentialRetrievalError"),
    ],
)
def test_a_file_that_cannot_be_used_is_named(
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    variable: str,
    content: bytes | None,
    kind: type[StorageError],
    named: str,
) -> None:
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)
    monkeypatch.setenv(variable, str(file))
    monkeypatch.setenv("AWS_ROLE_ARN", ROLE)
    driver = S3Driver.from_config({"bucket": "b", "region": "us-east-1", "regionendpoint": "http://127.0.0.1:9"})
    calls: list[Callable[[], object]] = [
        lambda: driver.put("a/k", b"x"),
        lambda: driver.capabilities,
        lambda: driver.sign_url("a/k", "GET", timedelta(minutes=1)),
    ]
    for call in calls:
        with pytest.raises(kind) as caught:
            call()
        assert named.format(file=file) in caught.value.message
    health = driver.health()
    assert (health.ok, named.format(file=file) in health.detail) == (False, True)
    driver.close()
