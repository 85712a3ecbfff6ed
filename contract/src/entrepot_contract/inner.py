"""Drivers made of drivers: an inner one is found by name among what is installed, as the outermost is by the host."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Final, cast

from pydantic import Field

from entrepot_contract.errors import ConfigError, StorageError
from entrepot_contract.fitness import defect, import_fault, unfit, with_hint
from entrepot_contract.known import not_installed
from entrepot_contract.storage import CONTRACT_VERSION, StorageDriver

__all__ = ["InnerOptions", "open_inner"]

InnerOptions = Annotated[Mapping[str, Mapping[str, object] | None], Field(repr=False)]
"""One driver's name and its options, as in the section ``storage``; never shown, as it may hold secrets."""

_GROUP: Final = "entrepot.storage"


def open_inner(layer: str, option: str, config: Mapping[str, Mapping[str, object] | None]) -> StorageDriver:
    """The driver that an option of the driver ``layer`` names, from its own options.

    Raises ConfigError of ``layer``, whose ``key`` is the place in its options: where they name none or several
    drivers, where that one is not installed, claimed twice, cannot be imported or does not fit this contract, and where
    its own options are wrong.
    """
    if len(config) != 1:
        named = " and ".join(sorted(config)) or "none"
        raise _wrong(layer, option, f"it must name exactly one driver with its options, and names {named}")
    ((name, options),) = config.items()
    place = f"{option}.{name}"
    claim = _claim(layer, place, name)
    package = f"{claim.dist.name} {claim.dist.version}" if claim.dist is not None else ""
    driver = _load(layer, place, claim, package)
    try:
        return driver.from_config(options or {})
    except ConfigError as error:
        if error.key is not None:  # of a driver further inside, which is told already
            raise _wrong(layer, f"{place}.{error.key}", error.message) from error
        raise _wrong(layer, place, with_hint(error, "storage", name, package).message) from error
    except StorageError:
        raise
    except Exception as error:
        raise _wrong(layer, place, defect(error, "storage", name, package)) from error


def _claim(layer: str, place: str, name: str) -> EntryPoint:
    found = entry_points(group=_GROUP)
    mine = sorted((claim for claim in found if claim.name == name), key=lambda claim: claim.value)
    if not mine:
        raise _wrong(layer, place, not_installed(_GROUP, name, {each.name for each in found}))
    if len(mine) > 1:
        packages = " and ".join(claim.dist.name if claim.dist is not None else claim.value for claim in mine)
        raise _wrong(layer, place, f"the name is claimed by {packages}; uninstall one of them")
    return mine[0]


def _load(layer: str, place: str, claim: EntryPoint, package: str) -> type[StorageDriver]:
    try:
        plugin: object = claim.load()
    except (Exception, SystemExit) as error:
        raise _wrong(layer, place, f"the plugin cannot be imported: {import_fault(error, package)}") from error
    fault = unfit(plugin, package, StorageDriver, CONTRACT_VERSION)
    if fault:
        raise _wrong(layer, place, f"the plugin cannot be used: {fault}")
    return cast("type[StorageDriver]", plugin)


def _wrong(layer: str, place: str, message: str) -> ConfigError:
    return ConfigError(message, driver=layer, operation="configure", key=place)
