"""Drivers with broken options, construction, capabilities, health or ``close``."""

from __future__ import annotations

import dataclasses
import os
import sqlite3
import threading
from collections.abc import Iterator
from datetime import timedelta
from typing import ClassVar

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver, HonestOptions
from pydantic import ConfigDict, SecretStr

from entrepot_contract import Capabilities, DriverOptions, Health, ObjectInfo, Prefix


class LooseOptions(HonestOptions):
    """Accepts every option."""

    model_config = ConfigDict(extra="ignore")


@caught_by("test_wrong_options_raise_config_errors")
class OptionsAreLoose(HonestDriver):
    """Accepts an unknown option."""

    Options = LooseOptions


class TalkingOptions(HonestOptions):
    """Shows its values in errors."""

    model_config = ConfigDict(extra="allow")

    def model_post_init(self, context: object) -> None:
        if self.model_extra:
            raise ValueError(f"no_such_option: {self.model_extra}")


@caught_by("test_wrong_options_raise_config_errors")
class OptionsShowTheirValues(HonestDriver):
    """Shows the values of invalid options, including secrets."""

    Options = TalkingOptions


@caught_by("test_construction_touches_nothing")
class ConstructionConnects(HonestDriver):
    """Opens its database when it is created."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.connect().close()


@caught_by("test_construction_touches_nothing")
class ConstructionMakesFolders(HonestDriver):
    """Creates its folder when it is created."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        os.makedirs(f"{self.options.path}.folder", exist_ok=True)


@caught_by("test_construction_touches_nothing")
class ConstructionStartsThreads(HonestDriver):
    """Starts a thread when it is created."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        threading.Thread(target=threading.Event().wait, args=[5], daemon=True).start()


@caught_by("test_capabilities_are_sound_and_never_change")
class CapabilitiesChange(HonestDriver):
    """Changes its capabilities later."""

    asked = 0

    @property
    def capabilities(self) -> Capabilities:
        self.asked += 1
        return dataclasses.replace(super().capabilities, part_size_hint=2**20 + self.asked)


@caught_by("test_capabilities_are_sound_and_never_change")
class ContractIsOfTheFuture(HonestDriver):
    """Is written for another version of the contract."""

    contract = (2, 0)


@caught_by("test_health_returns_in_time_and_reveals_no_secret")
class HealthRaises(HonestDriver):
    """Raises instead of returning."""

    def health(self) -> Health:
        raise sqlite3.OperationalError("unable to open database file")


@caught_by("test_health_returns_in_time_and_reveals_no_secret", password="hunter2-of-the-kit")  # noqa: S106 - the fault
class HealthTellsThePassword(HonestDriver):
    """Reveals the password in the detail."""

    def health(self) -> Health:
        password = self.options.password or SecretStr("")
        return Health(ok=True, latency=timedelta(0), detail=f"answers to {password.get_secret_value()}")


@caught_by("test_health_returns_in_time_and_reveals_no_secret")
class HealthHasNoWords(HonestDriver):
    """Returns no detail."""

    def health(self) -> Health:
        return dataclasses.replace(super().health(), detail=None)  # type: ignore[arg-type]  # the fault


@caught_by("test_health_returns_in_time_and_reveals_no_secret")
class HealthIsSlow(HonestDriver):
    """Takes three seconds."""

    def health(self) -> Health:
        return dataclasses.replace(super().health(), latency=timedelta(seconds=3))


@caught_by("test_close_can_be_called_again")
class ClosesOnce(HonestDriver):
    """Cannot be closed twice."""

    closed = False

    def close(self) -> None:
        if self.closed:
            raise sqlite3.ProgrammingError("Cannot operate on a closed database.")
        self.closed = True


@caught_by("test_two_drivers_on_one_store_see_the_same")
class ListsFromItsOwnMemory(HonestDriver):
    """Lists from a cache that is never refreshed."""

    seen: list[ObjectInfo | Prefix] | None = None

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        if self.seen is None:
            self.seen = list(super().list_objects(prefix, start_after=start_after, shallow=shallow))
        return iter(self.seen)


@caught_by("test_any_sequence_of_calls_matches_a_dict")
class ForgetsAfterAWhile(HonestDriver):
    """Loses an object that is moved a second time."""

    moved: ClassVar[set[str]] = set()

    def move(self, source: str, target: str) -> ObjectInfo:
        info = super().move(source, target)
        if source in self.moved:
            self.put(target, b"")
        self.moved.add(target)
        return info
