"""Directories: marker blobs are ignored, and accounts with a hierarchical namespace are rejected."""

from __future__ import annotations

import pytest
from azure.storage.blob import ContainerClient
from support.content import image
from support.host import Process
from support.proxies.fault_proxy import FaultProxy
from support.services.azurite import ACCOUNT, Azurite

from entrepot.storage import CheckedDriver
from entrepot_contract import ConfigError
from entrepot_storage_azure import AzureDriver

from .conftest import OpenDriver

TAG = "docker/registry/v2/repositories/app/_manifests/tags/v1"


@pytest.fixture
def marked(azurite: Azurite, config: dict[str, object], driver: AzureDriver) -> AzureDriver:
    """A container with one image, and a marker blob for each directory of its tag."""
    host = Process(driver)
    host.push_blob("app", b"{}")
    host.push_manifest("app", "v1", image())
    credential = {"account_name": ACCOUNT, "account_key": azurite.key}
    with ContainerClient(azurite.url, str(config["container"]), credential=credential) as container:
        parts = f"{TAG}/current".split("/")
        for end in range(1, len(parts) + 1):
            container.upload_blob("/".join(parts[:end]), b"", metadata={"hdi_isfolder": "true"})
    return driver


def test_directory_markers_are_not_listed(marked: AzureDriver) -> None:
    host = Process(marked)
    assert host.request("GET", "/v2/app/tags/list").json["tags"] == ["v1"]
    assert host.request("GET", "/v2/_catalog").json["repositories"] == ["app"]
    assert host.request("DELETE", "/v2/app/manifests/v1").status_code == 202
    assert host.request("GET", "/v2/app/tags/list").json["tags"] == []


def test_an_account_with_a_hierarchical_namespace_is_refused_at_startup(
    open_driver: OpenDriver, proxy: FaultProxy
) -> None:
    account = lambda method, target: "restype=account" in target  # noqa: E731
    proxy.answer(200, b"", {"x-ms-is-hns-enabled": "true"}, matching=account)
    with pytest.raises(ConfigError, match=r"hierarchical namespace.*use a storage account without one"):
        CheckedDriver(open_driver())


@pytest.mark.parametrize("status", [403, 503])
def test_an_account_with_unknown_namespace_is_accepted(open_driver: OpenDriver, proxy: FaultProxy, status: int) -> None:
    account = lambda method, target: "restype=account" in target  # noqa: E731
    proxy.answer(status, b"", {"x-ms-error-code": "AnyCode"}, matching=account)
    driver = CheckedDriver(open_driver())
    driver.put("a/k", b"x")
    assert driver.stat("a/k").size == 1
