"""Drivers that wrap other drivers, and drivers of older and newer versions of the contract."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from contract.tests.honest import HonestDriver, HonestOptions, config

from entrepot_contract import CONTRACT_VERSION, NotFound, ObjectInfo, StorageDriver, Unsupported, WriteMode
from entrepot_contract.compatibility import compatibility_fault
from entrepot_contract.testing import StorageContract
from entrepot_contract.toolkit.forwarding import ForwardingDriver, for_current_contract


class OlderDriver(HonestDriver):
    """Written for contract 1.0: its ``put`` does not know ``durable``."""

    contract = (1, 0)

    def put(  # type: ignore[override]  # the signature of contract 1.0
        self, key: str, data: bytes, *, mode: WriteMode = WriteMode.OVERWRITE
    ) -> ObjectInfo:
        return super().put(key, data, mode=mode)

    delete_unchanged = StorageDriver.delete_unchanged


class AroundDriver(ForwardingDriver):
    """Forwards everything to an honest driver."""

    name = "around"
    Options = HonestOptions

    def __init__(self, options: HonestOptions) -> None:
        super().__init__(HonestDriver(options))


@pytest.mark.reduced
class TestForwarding(StorageContract):
    driver_class = AroundDriver

    @pytest.fixture
    def config(self, tmp_path: Path) -> Mapping[str, object]:
        return config(tmp_path)


@pytest.fixture
def older(tmp_path: Path) -> StorageDriver:
    return for_current_contract(OlderDriver.from_config(config(tmp_path)))


def test_a_driver_of_the_current_contract_is_used_as_it_is(tmp_path: Path) -> None:
    driver = HonestDriver.from_config(config(tmp_path))
    assert for_current_contract(driver) is driver


def test_an_older_driver_is_not_passed_a_newer_argument(older: StorageDriver) -> None:
    assert older.put("a/k", b"content", durable=False) == older.stat("a/k")
    assert older.name == "honest"


def test_an_older_driver_does_not_support_a_newer_method(older: StorageDriver) -> None:
    with pytest.raises(Unsupported, match="cannot compare") as caught:
        older.delete_unchanged(older.put("a/k", b"content"))
    assert (caught.value.driver, caught.value.key) == ("honest", "a/k")


def test_errors_of_an_older_driver_are_its_own(older: StorageDriver) -> None:
    with pytest.raises(NotFound) as caught:
        older.stat("missing")
    assert str(caught.value) == "honest: stat missing: no such object"


class NextContract(StorageDriver):
    """A later version of the contract, which adds a method and, as every minor version, a default for it."""

    def touch(self, key: str) -> ObjectInfo:
        """Set the modification time of an object to now."""
        raise Unsupported("this driver cannot touch objects", driver=self.name, operation="touch", key=key)


class OfNextContract(HonestDriver, NextContract):
    """Written for the later version."""

    contract: ClassVar[tuple[int, int]] = (CONTRACT_VERSION[0], CONTRACT_VERSION[1] + 1)

    def touch(self, key: str) -> ObjectInfo:
        return self.put(key, b"touched")


class OfThisContract(HonestDriver, NextContract):
    """Written for the current version, and used by a host of the later one."""


def test_drivers_of_both_versions_can_be_used_by_a_host_of_the_later_one() -> None:
    later = OfNextContract.contract
    for driver in (OfThisContract, OfNextContract):
        assert compatibility_fault(driver, "package 1.0", NextContract, later) is None


def test_a_host_refuses_a_driver_of_a_later_contract() -> None:
    fault = compatibility_fault(OfNextContract, "package 1.0", StorageDriver, CONTRACT_VERSION)
    assert fault is not None
    assert "install a newer version of the host" in fault


def test_a_method_of_a_later_contract_is_unsupported_by_a_driver_of_this_one(tmp_path: Path) -> None:
    with pytest.raises(Unsupported, match="cannot touch"):
        OfThisContract.from_config(config(tmp_path)).touch("a/k")
    assert OfNextContract.from_config(config(tmp_path)).touch("a/k").size == len(b"touched")
