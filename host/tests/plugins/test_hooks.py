"""Hooks: any number of plugins may register listeners, and an exception in one does not fail a push."""

from __future__ import annotations

import logging
from collections.abc import Mapping, Sequence
from datetime import timedelta

import pluggy
import pytest
from host.tests.plugins.conftest import Install

from entrepot.errors import StorageFull
from entrepot.plugins import Hooks
from entrepot_contract import Health
from entrepot_contract.events import Event
from entrepot_contract.hookspecs import Command, HealthCheck, hookimpl


class Listener:
    """Records its calls."""

    def __init__(self) -> None:
        self.calls: list[object] = []

    @hookimpl
    def entrepot_startup(self, config: Mapping[str, object]) -> None:
        self.calls.append(config)

    @hookimpl
    def entrepot_event(self, event: Event) -> None:
        self.calls.append(event)

    @hookimpl
    def entrepot_shutdown(self) -> None:
        self.calls.append("shutdown")


class Broken:
    """Raises in every hook."""

    @hookimpl
    def entrepot_event(self, event: Event) -> None:
        raise ValueError(event.repository)

    @hookimpl
    def entrepot_health_checks(self) -> Sequence[HealthCheck]:
        raise OSError


class Contributor:
    """Adds a check and a command."""

    @hookimpl
    def entrepot_health_checks(self) -> Sequence[HealthCheck]:
        return [HealthCheck("mine", lambda: Health(True, timedelta(), ""))]

    @hookimpl
    def entrepot_commands(self) -> Sequence[Command]:
        return (Command("mine", "Do mine.", lambda _: 0),)


def hooks_of(*plugins: object) -> Hooks:
    """Returns hooks with some listeners, in this order."""
    hooks = Hooks()
    for number, plugin in enumerate(plugins):
        hooks.register(plugin, f"listener {number}")
    return hooks


def test_every_listener_is_called() -> None:
    first, second, event = Listener(), Listener(), Event("push", "a/b")
    hooks = hooks_of(first, second)
    hooks.startup({"version": "0.1"})
    hooks.event(event)
    hooks.shutdown()
    assert first.calls == second.calls == [{"version": "0.1"}, event, "shutdown"]


def test_a_listener_that_raises_is_logged_and_the_others_are_called(caplog: pytest.LogCaptureFixture) -> None:
    first, last, event = Listener(), Listener(), Event("push", "a/b")
    with caplog.at_level(logging.ERROR):
        hooks_of(first, Broken(), last).event(event)
    assert first.calls == last.calls == [event]
    assert [record.getMessage() for record in caplog.records] == ["hook failed: hook=entrepot_event plugin=listener 1"]


def test_a_registry_error_of_the_host_is_raised_after_all_listeners_were_called() -> None:
    class Full:
        @hookimpl
        def entrepot_event(self, event: Event) -> None:
            raise StorageFull

    last, event = Listener(), Event("push", "a/b")
    with pytest.raises(StorageFull):
        hooks_of(Full(), Broken(), last).event(event)
    assert last.calls == [event]


def test_checks_and_commands_are_collected_from_all_plugins() -> None:
    hooks = hooks_of(Broken(), Contributor())
    assert [check.name for check in hooks.health_checks()] == ["mine"]
    assert [command.name for command in hooks.commands()] == ["mine"]


def test_a_misspelt_hook_is_rejected() -> None:
    class Misspelt:
        @hookimpl
        def entrepot_evnet(self, event: Event) -> None: ...

    with pytest.raises(pluggy.PluginValidationError, match="entrepot_evnet"):
        hooks_of(Misspelt())


def test_installed_hooks_are_found_and_broken_ones_skipped(install: Install, caplog: pytest.LogCaptureFixture) -> None:
    before = {command.name for command in Hooks.installed().commands()}
    install("a-broken-hooks", "raise RuntimeError('no')", hooks={"a-broken": "plugin"})
    source = """
        from entrepot_contract.hookspecs import Command, hookimpl
        @hookimpl
        def entrepot_commands():
            return [Command("theirs", "Do theirs.", lambda arguments: 3)]
        import sys
        plugin = sys.modules[__name__]
    """
    install("their-hooks", source, hooks={"their": "plugin"})
    with caplog.at_level(logging.ERROR):
        hooks = Hooks.installed()
    added = [command.name for command in hooks.commands() if command.name not in before]
    assert added == ["theirs"]
    assert "hooks not loaded: plugin=a-broken" in caplog.text
