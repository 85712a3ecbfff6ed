"""Inner drivers of drivers that wrap others: loaded by name from the installed plugins, as the host loads the outer."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Final, cast

from pydantic import Field

from entrepot_contract.compatibility import defect, import_fault, unfit, with_hint
from entrepot_contract.errors import ConfigError, StorageError
from entrepot_contract.known import not_installed
from entrepot_contract.storage import CONTRACT_VERSION, StorageDriver

__all__ = ["InnerOptions", "open_inner"]

InnerOptions = Annotated[Mapping[str, Mapping[str, object] | None], Field(repr=False)]
"""One driver's name and its options, as in the section ``storage``; left out of reprs, because it may hold secrets."""

_GROUP: Final = "entrepot.storage"


def open_inner(layer: str, option: str, config: Mapping[str, Mapping[str, object] | None]) -> StorageDriver:
    """Return the driver that an option of the driver ``layer`` names, created from the options below that name.

    Raises ConfigError for ``layer``, whose ``key`` is the path within its options, if they name no driver or several,
    if the named driver is not installed, is provided by two packages, cannot be imported or is not compatible with this
    contract, or if its own options are invalid.
    """
    if len(config) != 1:
        named = " and ".join(sorted(config)) or "none"
        raise _wrong(layer, option, f"it must name exactly one driver with its options, and names {named}")
    ((name, options),) = config.items()
    place = f"{option}.{name}"
    entry_point = _find(layer, place, name)
    package = f"{entry_point.dist.name} {entry_point.dist.version}" if entry_point.dist is not None else ""
    driver = _load(layer, place, entry_point, package)
    try:
        return driver.from_config(options or {})
    except ConfigError as error:
        if error.key is not None:  # of a driver further inside, whose message is complete already
            raise _wrong(layer, f"{place}.{error.key}", error.message) from error
        raise _wrong(layer, place, with_hint(error, "storage", name, package).message) from error
    except StorageError:
        raise
    except Exception as error:
        raise _wrong(layer, place, defect(error, "storage", name, package)) from error


def _find(layer: str, place: str, name: str) -> EntryPoint:
    installed = entry_points(group=_GROUP)
    found = sorted((each for each in installed if each.name == name), key=lambda each: each.value)
    if not found:
        raise _wrong(layer, place, not_installed(_GROUP, name, {each.name for each in installed}))
    if len(found) > 1:
        packages = " and ".join(each.dist.name if each.dist is not None else each.value for each in found)
        raise _wrong(layer, place, f"the name is provided by {packages}; uninstall one of them")
    return found[0]


def _load(layer: str, place: str, entry_point: EntryPoint, package: str) -> type[StorageDriver]:
    try:
        plugin: object = entry_point.load()
    except (Exception, SystemExit) as error:
        raise _wrong(layer, place, f"the plugin cannot be imported: {import_fault(error, package)}") from error
    fault = unfit(plugin, package, StorageDriver, CONTRACT_VERSION)
    if fault:
        raise _wrong(layer, place, f"the plugin cannot be used: {fault}")
    return cast("type[StorageDriver]", plugin)


def _wrong(layer: str, place: str, message: str) -> ConfigError:
    return ConfigError(message, driver=layer, operation="configure", key=place)
