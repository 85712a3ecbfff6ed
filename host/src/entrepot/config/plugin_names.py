"""Names of plugins and their options, to distinguish underscores in names from separators in variables."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from entrepot.plugins import PluginError, load_auth, load_notify, load_server, load_storage, plugin_names_of
from entrepot.plugins.options import Option, options_of
from entrepot_contract import DriverOptions

__all__ = ["plugin_names"]

_SINK: Final = "webhook"
_LOADERS: Final[Mapping[str, Callable[[str], type]]] = {
    "storage": load_storage,
    "auth": load_auth,
    "notify": load_notify,
    "server": load_server,
}


def plugin_names(raw: Mapping[str, object], above: tuple[str, ...]) -> Sequence[str]:
    """Returns the names of plugins or options that may be used below a path; empty if it is not a plugin's path."""
    match above:
        case ("storage" | "auth" as kind,):
            return plugin_names_of(kind)
        case ("storage" | "auth" as kind, name, *below):
            return _names(_options(kind, name), below)
        case ("http", "server"):
            return plugin_names_of("server")
        case ("http", "server", name, *below):
            return _names(_options("server", name), below)
        case ("notifications", "endpoints", index, *below):
            return _names(_options("notify", _sink(raw, index)), below)
    return []


def _names(options: Sequence[Option], below: Sequence[str]) -> list[str]:
    """Returns the option names at a path below others, or the driver names if the option there holds a driver."""
    for place, step in enumerate(below):
        found = next((one for one in options if one.name.lower() == step.lower()), None)
        if found is None:
            return []
        options = found.options
        if not options:
            # A driver composed of drivers has an option that holds another one by its name.
            inside = below[place + 1 :]
            return _names(_options("storage", inside[0]), inside[1:]) if inside else plugin_names_of("storage")
    return [option.name for option in options]


def _options(kind: str, name: str) -> tuple[Option, ...]:
    """Returns the options of a plugin; empty if it cannot be loaded, which is reported when it is created."""
    try:
        options: object = getattr(_LOADERS[kind](name), "Options", None)
    except PluginError:
        return ()
    return options_of(options) if isinstance(options, type) and issubclass(options, DriverOptions) else ()


def _sink(raw: Mapping[str, object], index: str) -> str:
    section = raw.get("notifications")
    endpoints = section.get("endpoints") if isinstance(section, Mapping) else None
    if isinstance(endpoints, list) and index.isdigit() and int(index) < len(endpoints):
        endpoint = endpoints[int(index)]
        if isinstance(endpoint, Mapping):
            return str(endpoint.get("sink") or _SINK)
    return _SINK
