"""Hooks: any number of plugins may register listeners, and an exception in one does not fail a push."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping
from importlib.metadata import EntryPoint
from typing import TypeVar

import pluggy

from entrepot.errors import RegistryError
from entrepot_contract import hookspecs
from entrepot_contract.events import Event
from entrepot_contract.hookspecs import Command, HealthCheck
from entrepot_contract.plugins import HOOKS, claims

__all__ = ["Hooks"]

Item = TypeVar("Item")

_log = logging.getLogger(__name__)


class Hooks:
    """The registered listeners; each is called separately, and its exceptions are logged."""

    def __init__(self) -> None:
        self._manager = pluggy.PluginManager(hookspecs.PROJECT)
        self._manager.add_hookspecs(hookspecs)
        self._listeners: dict[str, list[pluggy.HookImpl]] = {}

    @classmethod
    def installed(cls) -> Hooks:
        """Returns the hooks of all installed plugins that can be imported; failures are logged."""
        hooks = cls()
        for claim in claims(HOOKS):
            hooks._load(claim)
        return hooks

    def register(self, plugin: object, name: str) -> None:
        """Register one listener.

        Raises pluggy.PluginValidationError if a hook takes arguments that its specification does not have, or if
        there is no specification with its name.
        """
        self._manager.register(plugin, name)
        self._manager.check_pending()
        self._listeners.clear()

    def startup(self, config: Mapping[str, object]) -> None:
        """Call the hooks for the start of the application in this process."""
        self._call("entrepot_startup", config=config)

    def shutdown(self) -> None:
        """Call the hooks for the end of the application."""
        self._call("entrepot_shutdown")

    @property
    def hears_events(self) -> bool:
        """Whether any listener takes events; creating events without one would cost a third of a small request."""
        return bool(self._manager.hook.entrepot_event.get_hookimpls())

    def event(self, event: Event) -> None:
        """Call the hooks for an event in the registry.

        Raises RegistryError if a listener of the host itself could not store the event; plugins never raise it.
        """
        self._call("entrepot_event", event=event)

    def health_checks(self) -> list[HealthCheck]:
        """Returns the health checks added by plugins."""
        return [check for answer in self._call("entrepot_health_checks") for check in _items(answer, HealthCheck)]

    def commands(self) -> list[Command]:
        """Returns the commands added by plugins."""
        return [command for answer in self._call("entrepot_commands") for command in _items(answer, Command)]

    def _load(self, claim: EntryPoint) -> None:
        try:
            self.register(claim.load(), claim.name)
        except Exception:  # noqa: BLE001 - a plugin may raise anything, and must not break the host
            _log.exception("hooks not loaded: plugin=%s", claim.name)
            self._manager.unregister(name=claim.name)
            self._listeners.clear()

    def _call(self, hook: str, **arguments: object) -> list[object]:
        # pluggy's own call loop is not used: there the first listener that raises prevents the calls after it.
        answers = []
        rejection: RegistryError | None = None
        for listener in self._of(hook):
            function: Callable[..., object] = listener.function
            try:
                answers.append(function(*(arguments[name] for name in listener.argnames)))
            except RegistryError as error:
                rejection = error
            except Exception:  # noqa: BLE001 - as above
                _log.exception("hook failed: hook=%s plugin=%s", hook, listener.plugin_name)
        if rejection is not None:
            raise rejection
        return answers

    def _of(self, hook: str) -> list[pluggy.HookImpl]:
        """Returns the listeners of a hook; cached, because events must add little to the cost of a small request."""
        if hook not in self._listeners:
            caller: pluggy.HookCaller = getattr(self._manager.hook, hook)
            self._listeners[hook] = caller.get_hookimpls()
        return self._listeners[hook]


def _items(answer: object, kind: type[Item]) -> Iterable[Item]:
    return [item for item in answer if isinstance(item, kind)] if isinstance(answer, (list, tuple)) else []
