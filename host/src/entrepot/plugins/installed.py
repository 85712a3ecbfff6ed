"""The installed plugins, and whether they can be loaded."""

from __future__ import annotations

import dataclasses
from collections import Counter
from dataclasses import dataclass
from importlib.metadata import EntryPoint

from entrepot.plugins.options import Option, about, options_of, plain
from entrepot_contract import Capabilities, DriverOptions, StorageDriver
from entrepot_contract.compatibility import contract_of, import_fault
from entrepot_contract.plugins import AUTH, HOOKS, NOTIFY, SERVER, STORAGE, claims, incompatible, kind_of, package_of
from entrepot_contract.server import ServerDriver

__all__ = ["Plugin", "installed_plugins"]


@dataclass(frozen=True, slots=True)
class Plugin:
    """One installed plugin; ``error`` is None if it can be used.

    - ``about`` is the description of its options class.
    - ``capabilities`` are those of a server, or of a storage driver without required options; None if they depend on
      the options, or for other kinds.
    """

    kind: str
    name: str
    package: str
    version: str
    contract: str
    error: str | None
    capabilities: dict[str, object] | None = None
    about: str = ""
    options: tuple[Option, ...] = ()


def installed_plugins() -> list[Plugin]:
    """Returns every installed plugin of every kind; one that cannot be loaded has its ``error`` set."""
    return [plugin for group in (STORAGE, AUTH, NOTIFY, SERVER, HOOKS) for plugin in _of_group(group)]


def _of_group(group: str) -> list[Plugin]:
    found = claims(group)
    times = Counter(claim.name for claim in found)
    return [_inspect(group, claim, twice=times[claim.name] > 1 and group != HOOKS) for claim in found]


def _inspect(group: str, claim: EntryPoint, *, twice: bool) -> Plugin:
    error: str | None
    package, version = (claim.dist.name, claim.dist.version) if claim.dist is not None else ("", "")
    plugin = Plugin(kind_of(group), claim.name, package, version, "", None)
    if twice:
        error = f"another package claims the name {claim.name!r} too; uninstall one of them"
        return dataclasses.replace(plugin, error=error)
    try:
        loaded: object = claim.load()
    except (Exception, SystemExit) as reason:  # noqa: BLE001 - an import may raise anything; the reason is reported
        return dataclasses.replace(plugin, error=f"cannot be imported: {import_fault(reason, package_of(claim))}")
    contract = ".".join(map(str, contract_of(loaded) or ()))
    error = incompatible(group, loaded, package_of(claim))
    described = dataclasses.replace(plugin, contract=contract, error=error)
    if error is not None:
        return described
    described = dataclasses.replace(described, capabilities=_capabilities(loaded))
    options: object = getattr(loaded, "Options", None)
    if not (isinstance(options, type) and issubclass(options, DriverOptions)):
        return described
    return dataclasses.replace(described, about=about(options), options=options_of(options))


def _capabilities(driver: object) -> dict[str, object] | None:
    """Returns the capabilities of a plugin with default options, or None if they cannot be determined."""
    if isinstance(driver, type) and issubclass(driver, ServerDriver):
        return {name: getattr(driver, name, None) for name in ("multiprocess", "tls", "client_certificates")}
    if not (isinstance(driver, type) and issubclass(driver, StorageDriver)):
        return None
    if any(field.is_required() for field in driver.Options.model_fields.values()):
        return None
    try:
        opened = driver.from_config({})
        try:
            capabilities: object = opened.capabilities
        finally:
            opened.close()
    except Exception:  # noqa: BLE001 - it may need options or its backend, and may raise anything
        return None
    if not isinstance(capabilities, Capabilities):
        return None
    return {field.name: plain(getattr(capabilities, field.name)) for field in dataclasses.fields(capabilities)}
