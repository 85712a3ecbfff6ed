"""Tests of ``health`` where the backend works."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from datetime import timedelta

from pydantic import SecretBytes, SecretStr

from entrepot_contract import Health, StorageDriver
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import listed, read_back
from entrepot_contract.testing.storage.unavailable import HEALTH
from entrepot_contract.testing.threads import together

__all__ = ["HealthContract"]

NOTHING = "It leaves nothing behind."
TURNS = 5


class HealthContract(ContractBase):
    """Tests of ``health``."""

    @sentence("health", HEALTH)
    def test_health_returns_in_time_and_reveals_no_secret(
        self, driver: StorageDriver, config: Mapping[str, object]
    ) -> None:
        began = time.monotonic()
        health = driver.health()
        took = timedelta(seconds=time.monotonic() - began)
        assert type(health) is Health
        assert health.ok is True, health.detail
        assert isinstance(health.detail, str), "the detail must be text"
        assert timedelta(0) <= health.latency <= timedelta(seconds=2)
        assert health.latency <= took + timedelta(seconds=0.05), "the latency is longer than the call has taken"
        for name, field in self.driver_class.Options.model_fields.items():
            value = config.get(field.alias or name, config.get(name))
            if any(kind.__name__ in str(field.annotation) for kind in (SecretStr, SecretBytes)) and value:
                assert str(value) not in f"{health.detail} {driver!r} {driver}"

    @sentence("health", NOTHING)
    def test_health_leaves_no_object(self, driver: StorageDriver, stored_bytes: Callable[[], int] | None) -> None:
        driver.put("a/k", b"content")
        before = driver.stat("a/k")
        for _ in range(TURNS):
            assert driver.health().ok
        held = None if stored_bytes is None else stored_bytes()
        for _ in range(TURNS):
            assert driver.health().ok
        assert listed(driver) == ["a/k"], "health has left an object"
        assert listed(driver, shallow=True) == ["a/"], "health has left an object"
        assert driver.stat("a/k") == before
        assert read_back(driver, "a/k") == b"content", "health has changed an object"
        if stored_bytes is not None and held is not None:
            assert stored_bytes() <= held, "each call of health leaves bytes in the backend"
        driver.delete(["a/k"])
        assert driver.health().ok, "health depends on the objects of the store"
        assert listed(driver) == []

    @sentence("health", HEALTH)
    @sentence("storage", "Drivers are synchronous and thread-safe.")
    def test_health_is_ok_from_several_threads_beside_other_calls(self, driver: StorageDriver) -> None:
        def work(number: int) -> None:
            for turn in range(TURNS):
                if number == 0:
                    driver.put("a/k", b"%d" % turn)
                    driver.delete(["a/k", "a/none"])
                else:
                    health = driver.health()
                    assert health.ok, f"health is not ok in one of several threads: {health.detail}"

        together(work)
        assert listed(driver) == [], "health beside other calls has left an object"
