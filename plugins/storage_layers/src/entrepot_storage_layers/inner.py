"""Inner drivers: found by name among what is installed, as the host finds the outermost one."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.metadata import EntryPoint, entry_points
from typing import Annotated, Final

from pydantic import Field

from entrepot_contract import CONTRACT_VERSION, ConfigError, StorageDriver
from entrepot_contract.options import nearest
from entrepot_storage_layers.stamping import stamped

__all__ = ["InnerOptions", "open_inner"]

InnerOptions = Annotated[Mapping[str, Mapping[str, object] | None], Field(repr=False)]
"""One driver's name and its options, as in the section ``storage``; never shown, as it may hold secrets."""

_GROUP: Final = "entrepot.storage"

_PACKAGES: Final = {
    "azure": "entrepot-storage-azure",
    "filesystem": "entrepot-storage-fs",
    "gcs": "entrepot-storage-gcs",
    "inmemory": "entrepot-storage-memory",
    "s3": "entrepot-storage-s3",
    "s3aws": "entrepot-storage-s3",
}


def open_inner(layer: str, option: str, config: Mapping[str, Mapping[str, object] | None]) -> StorageDriver:
    """The driver that an option of a layer names, from its own options.

    Raises ConfigError where it names none or several, where that one is not installed, claimed twice, cannot be
    imported or does not fit this contract, and where its options are wrong.
    """
    if len(config) != 1:
        named = " and ".join(sorted(config)) or "none"
        raise _wrong(layer, f"option {option!r} must name exactly one driver with its options, and names {named}")
    ((name, options),) = config.items()
    driver = _load(layer, f"{option}.{name}", name)
    try:
        return driver.from_config(options or {})
    except ConfigError as error:
        raise stamped(error, layer, "configure", f"{option}.{name}") from error


def _load(layer: str, place: str, name: str) -> type[StorageDriver]:
    found = entry_points(group=_GROUP)
    mine = [claim for claim in found if claim.name == name]
    if not mine:
        message = (
            f"option {place!r}: no storage plugin is called {name!r}{_advice(name, {each.name for each in found})}"
        )
        raise _wrong(layer, message)
    if len(mine) > 1:
        packages = " and ".join(sorted(_package(claim) for claim in mine))
        raise _wrong(layer, f"option {place!r}: the name is claimed by {packages}; uninstall one of them")
    package = _package(mine[0])
    try:
        plugin: object = mine[0].load()
    except (Exception, SystemExit) as error:
        reason = " ".join(f"{type(error).__name__}: {error}".split())
        message = f"option {place!r}: {package} cannot be imported: {reason}; install it again with what it needs"
        raise _wrong(layer, message) from error
    if not (isinstance(plugin, type) and issubclass(plugin, StorageDriver)):
        raise _wrong(layer, f"option {place!r}: {package} is no storage driver; install another version of it")
    _check(layer, f"option {place!r}: {package}", plugin)
    return plugin


def _advice(name: str, installed: set[str]) -> str:
    here = f"; installed are {', '.join(sorted(installed))}" if installed else "; none is installed"
    if name in _PACKAGES:
        return f"{here}; to get it: pip install {_PACKAGES[name]}"
    hint = nearest(name, sorted({*installed, *_PACKAGES}))
    return f"{here}{hint}" if "did you mean" in hint else f"{here}; install the package that brings it"


def _check(layer: str, where: str, plugin: type[StorageDriver]) -> None:
    version = getattr(plugin, "contract", None)
    if not (isinstance(version, tuple) and len(version) == 2 and all(isinstance(part, int) for part in version)):
        raise _wrong(layer, f"{where} does not say for which contract it was written; install another version of it")
    if version[0] != CONTRACT_VERSION[0] or version[1] > CONTRACT_VERSION[1]:
        here = ".".join(map(str, CONTRACT_VERSION))
        raise _wrong(
            layer,
            f"{where} was written for contract {version[0]}.{version[1]}, and entrepot-contract here keeps {here}; "
            f"install another version of either",
        )
    lacking = sorted(getattr(plugin, "__abstractmethods__", ()))
    if lacking:
        raise _wrong(layer, f"{where} lacks {', '.join(lacking)}; install another version of it")


def _package(claim: EntryPoint) -> str:
    return f"{claim.dist.name} {claim.dist.version}" if claim.dist is not None else claim.value


def _wrong(layer: str, message: str) -> ConfigError:
    return ConfigError(message, driver=layer, operation="configure")
