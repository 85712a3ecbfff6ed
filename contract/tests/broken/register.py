"""The table of broken drivers: which test of the kit has to catch which of them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from entrepot_contract import StorageDriver

__all__ = ["BROKEN", "Fault", "caught_by"]

Driver = TypeVar("Driver", bound=type[StorageDriver])


@dataclass(frozen=True)
class Fault:
    """A broken driver, the test that names its fault, and the options to run it with."""

    driver: type[StorageDriver]
    test: str
    options: Mapping[str, object] = field(default_factory=dict)


BROKEN: dict[str, Fault] = {}


def caught_by(test: str, **options: object) -> Callable[[Driver], Driver]:
    """Enter a driver into the table; its docstring says what is wrong with it."""

    def enter(driver: Driver) -> Driver:
        BROKEN[driver.__name__] = Fault(driver, test, options)
        return driver

    return enter
