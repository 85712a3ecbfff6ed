"""Inner drivers of drivers that wrap others, loaded by name from the installed plugins."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, cast

from pydantic import Field

from entrepot_contract.errors import ConfigError
from entrepot_contract.plugins import STORAGE, PluginError, create, load
from entrepot_contract.storage import StorageDriver
from entrepot_contract.toolkit.forwarding import for_current_contract

__all__ = ["InnerOptions", "open_inner"]

InnerOptions = Annotated[Mapping[str, Mapping[str, object] | None], Field(repr=False)]
"""One driver's name and its options, as in the section ``storage``; left out of reprs, because it may hold secrets."""


def open_inner(layer: str, option: str, config: Mapping[str, Mapping[str, object] | None]) -> StorageDriver:
    """Return the driver that an option of the driver ``layer`` names, created from the options below that name.

    Raises ConfigError for ``layer``, whose ``key`` is the path within its options, if they name no driver or several,
    if the named driver cannot be loaded, or if its own options are invalid. Its ``__cause__`` is the PluginError or the
    ConfigError of the inner driver.
    """
    if len(config) != 1:
        named = " and ".join(sorted(config)) or "none"
        raise _wrong(layer, option, f"it must name exactly one driver with its options, and names {named}")
    ((name, options),) = config.items()
    place = f"{option}.{name}"
    try:
        driver = cast("type[StorageDriver]", load(STORAGE, name))
        return for_current_contract(create(STORAGE, name, driver, options or {}))
    except PluginError as error:
        raise _wrong(layer, place, str(error)) from error
    except ConfigError as error:
        raise _wrong(layer, place if error.key is None else f"{place}.{error.key}", error.message) from error


def _wrong(layer: str, place: str, message: str) -> ConfigError:
    return ConfigError(message, driver=layer, operation="configure", key=place)
