"""Tests of configuration, capabilities, health and ``close``."""

from __future__ import annotations

import threading
from collections.abc import Mapping
from datetime import timedelta

from entrepot_contract import (
    CONTRACT_VERSION,
    MAX_PUT_SIZE,
    Capabilities,
    StorageDriver,
)
from entrepot_contract.testing.configuring import refuses_wrong_options
from entrepot_contract.testing.processes import ProcessBase, Processes
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase, Opener
from entrepot_contract.testing.storage.content import listed, read_back

__all__ = ["LifecycleContract"]


class LifecycleContract(ContractBase, ProcessBase):
    """Tests of construction, capabilities, health and ``close``."""

    @sentence("from_config", "Return a driver for its section of the configuration.")
    @sentence("from_config", "Raises ConfigError if an option is unknown, missing or wrong.")
    def test_wrong_options_raise_config_errors(self, config: Mapping[str, object]) -> None:
        refuses_wrong_options(self.driver_class, config)

    @sentence("__init__", "Store the options; open no connection, start no thread, access no disk.")
    def test_construction_touches_nothing(self, config: Mapping[str, object], processes: Processes) -> None:
        assert processes.start().call("construct", config=config) == []

    @sentence("capabilities", "The capabilities of this instance; they never change during its lifetime.")
    @sentence("Capabilities", "``part_size_hint``: in bytes; appends of a multiple of it are cheapest.")
    @sentence("Capabilities", "``max_object_size``: in bytes; None if there is no practical limit.")
    def test_capabilities_are_sound_and_never_change(self, driver: StorageDriver, claims: Capabilities) -> None:
        assert type(claims) is Capabilities
        assert claims.move in {"rename", "copy"}
        assert claims.signed_urls <= {"GET", "HEAD"}
        assert claims.part_size_hint > 0
        assert claims.max_object_size is None or claims.max_object_size >= MAX_PUT_SIZE
        assert claims.upload_ttl is None or claims.upload_ttl > timedelta(0)
        driver.upload_commit(driver.upload_append(driver.upload_start("k"), [b"content"]))
        driver.health()
        listed(driver)
        assert driver.capabilities == claims
        assert self.driver_class.contract[0] == CONTRACT_VERSION[0], "the major version must match"

    @sentence("close", "Close connections and files. Idempotent.")
    def test_close_can_be_called_again(self, open_driver: Opener) -> None:
        unused, used = open_driver(), open_driver()
        unused.close()
        used.put("k", b"content")
        assert read_back(used, "k") == b"content"
        before = threading.active_count()
        used.close()
        used.close()
        unused.close()
        assert threading.active_count() <= before
