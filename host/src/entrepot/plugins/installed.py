"""What is installed, and whether it loads."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import EntryPoint, entry_points
from typing import Final

from entrepot.plugins.fitness import contract_of, unfit_auth, unfit_notify, unfit_server, unfit_storage

__all__ = ["AUTH", "HOOKS", "NOTIFY", "SERVER", "STORAGE", "Plugin", "claims", "installed_plugins"]

STORAGE: Final = "entrepot.storage"
AUTH: Final = "entrepot.auth"
NOTIFY: Final = "entrepot.notify"
SERVER: Final = "entrepot.server"
HOOKS: Final = "entrepot.hooks"

_FITNESS: Final[dict[str, Callable[[object], str | None]]] = {
    STORAGE: unfit_storage,
    AUTH: unfit_auth,
    NOTIFY: unfit_notify,
    SERVER: unfit_server,
    HOOKS: lambda _: None,
}


@dataclass(frozen=True, slots=True)
class Plugin:
    """One installed plugin; ``error`` is None where it can be used."""

    kind: str
    name: str
    package: str
    version: str
    contract: str
    error: str | None


def claims(group: str) -> list[EntryPoint]:
    """The entry points of a group, in the order of their names.

    From importlib.metadata, because stevedore's cache forgets which package an entry point came from.
    """
    return sorted(entry_points(group=group), key=lambda claim: (claim.name, claim.value))


def installed_plugins() -> list[Plugin]:
    """Every installed plugin of every kind; one that cannot be loaded says why, and keeps no other from loading."""
    return [plugin for group in (STORAGE, AUTH, NOTIFY, SERVER, HOOKS) for plugin in _of_group(group)]


def _of_group(group: str) -> list[Plugin]:
    found = claims(group)
    times = Counter(claim.name for claim in found)
    return [_inspect(group, claim, twice=times[claim.name] > 1 and group != HOOKS) for claim in found]


def _inspect(group: str, claim: EntryPoint, *, twice: bool) -> Plugin:
    error: str | None
    contract = ""
    try:
        loaded = claim.load()
    except Exception as reason:  # noqa: BLE001 - a plugin's import may fail in any way, and the reason is told
        error = f"cannot be imported: {type(reason).__name__}: {reason}"
    else:
        contract = ".".join(map(str, contract_of(loaded) or ()))
        error = _FITNESS[group](loaded)
    if twice:
        error = f"another package claims the name {claim.name!r} too; uninstall one of them"
    package, version = (claim.dist.name, claim.dist.version) if claim.dist is not None else ("", "")
    return Plugin(group.removeprefix("entrepot."), claim.name, package, version, contract, error)
