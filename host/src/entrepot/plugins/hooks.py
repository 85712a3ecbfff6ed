"""Hooks: any number of plugins may listen, and none may break a push."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint
from typing import TypeVar

import pluggy

from entrepot.errors import RegistryError
from entrepot.plugins.installed import HOOKS, claims
from entrepot_contract import hookspecs
from entrepot_contract.events import Event
from entrepot_contract.hookspecs import Command, HealthCheck

__all__ = ["Hooks"]

Item = TypeVar("Item")

_log = logging.getLogger(__name__)


class Hooks:
    """The listeners that are installed; each is called on its own, and one that raises is logged."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._listeners: dict[str, list[pluggy.HookImpl]] = {}

    @classmethod
    def installed(cls) -> Hooks:
        """The hooks of every installed plugin that can be imported; the others are logged."""
        hooks = cls()
        for claim in claims(HOOKS):
            hooks._load(claim)
        return hooks

    def register(self, plugin: object, name: str) -> None:
        """Add one listener.

        Raises pluggy.PluginValidationError where a hook takes arguments that its specification does not have,
        or where its name is none of the specifications'.
        """
        self._manager.register(plugin, name)
        self._manager.check_pending()
        self._listeners.clear()

    def startup(self, config: Mapping[str, object]) -> None:
        """Tell that the application starts in this process."""
        self._call("entrepot_startup", config=config)

    def shutdown(self) -> None:
        """Tell that the application ends."""
        self._call("entrepot_shutdown")

    @property
    def hears_events(self) -> bool:
        """Whether any listener takes events; making them for nobody costs a third of a small request."""
        return bool(self._manager.hook.entrepot_event.get_hookimpls())

    def event(self, event: Event) -> None:
        """Tell what happened in the registry.

        Raises RegistryError where a listener of the host itself, which plugins never raise, could not keep the event.
        """
        self._call("entrepot_event", event=event)

    def health_checks(self) -> list[HealthCheck]:
        """The checks that plugins add."""
        return [check for answer in self._call("entrepot_health_checks") for check in _items(answer, HealthCheck)]

    def commands(self) -> list[Command]:
        """The commands that plugins add."""
        return [command for answer in self._call("entrepot_commands") for command in _items(answer, Command)]

    def _load(self, claim: EntryPoint) -> None:
        try:
            self.register(claim.load(), claim.name)
        except Exception:  # noqa: BLE001 - a plugin may fail in any way, and may break nothing
            _log.exception("the hooks of %s cannot be loaded; they are left out", claim.name)
            self._manager.unregister(name=claim.name)
            self._listeners.clear()

    def _call(self, hook: str, **arguments: object) -> list[object]:
        # Not through pluggy's own loop: there the first listener that raises silences all after it.
        answers = []
        refused: RegistryError | None = None
        for listener in self._of(hook):
            function: Callable[..., object] = listener.function
            try:
                answers.append(function(*(arguments[name] for name in listener.argnames)))
            except RegistryError as error:
                refused = error
            except Exception:  # noqa: BLE001 - as above
                _log.exception("the hook %s of %s failed; the others are called", hook, listener.plugin_name)
        if refused is not None:
            raise refused
        return answers

    def _of(self, hook: str) -> list[pluggy.HookImpl]:
        """Who listens to a hook; kept, because an event must cost a small request little."""
        if hook not in self._listeners:
            caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
            self._listeners[hook] = caller.get_hookimpls()
        return self._listeners[hook]


def _items(answer: object, kind: type[Item]) -> Iterable[Item]:
    return [item for item in answer if isinstance(item, kind)] if isinstance(answer, (list, tuple)) else []
