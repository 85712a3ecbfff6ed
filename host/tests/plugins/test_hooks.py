"""Hooks: any number may listen, and none may break a push."""

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
    """Remembers what it was told."""

    def __init__(self) -> None:
        self.told: list[object] = []

    @hookimpl
    def entrepot_startup(self, config: Mapping[str, object]) -> None:
        self.told.append(config)

    @hookimpl
    def entrepot_event(self, event: Event) -> None:
        self.told.append(event)

    @hookimpl
    def entrepot_shutdown(self) -> None:
        self.told.append("shutdown")


class Broken:
    """Fails whatever it is told."""

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
    """Hooks with some listeners, in this order."""
    hooks = Hooks()
    for number, plugin in enumerate(plugins):
        hooks.register(plugin, f"listener {number}")
    return hooks


def test_every_listener_is_told() -> None:
    first, second, event = Listener(), Listener(), Event("push", "a/b")
    hooks = hooks_of(first, second)
    hooks.startup({"version": "0.1"})
    hooks.event(event)
    hooks.shutdown()
    assert first.told == second.told == [{"version": "0.1"}, event, "shutdown"]


def test_a_listener_that_raises_is_logged_and_the_others_are_told(caplog: pytest.LogCaptureFixture) -> None:
    first, last, event = Listener(), Listener(), Event("push", "a/b")
    with caplog.at_level(logging.ERROR):
        hooks_of(first, Broken(), last).event(event)
    assert first.told == last.told == [event]
    assert [record.getMessage() for record in caplog.records] == [
        "the hook entrepot_event of listener 1 failed; the others are called"
    ]


def test_what_the_host_itself_cannot_keep_refuses_the_request_when_all_are_told() -> None:
    class Full:
        @hookimpl
        def entrepot_event(self, event: Event) -> None:
            raise StorageFull

    last, event = Listener(), Event("push", "a/b")
    with pytest.raises(StorageFull):
        hooks_of(Full(), Broken(), last).event(event)
    assert last.told == [event]


def test_checks_and_commands_are_gathered_from_those_that_answer() -> None:
    hooks = hooks_of(Broken(), Contributor())
    assert [check.name for check in hooks.health_checks()] == ["mine"]
    assert [command.name for command in hooks.commands()] == ["mine"]


def test_a_misspelt_hook_is_refused() -> None:
    class Misspelt:
        @hookimpl
        def entrepot_evnet(self, event: Event) -> None: ...

    with pytest.raises(pluggy.PluginValidationError, match="entrepot_evnet"):
        hooks_of(Misspelt())


def test_installed_hooks_are_found_and_broken_ones_left_out(install: Install, caplog: pytest.LogCaptureFixture) -> None:
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
    assert "the hooks of a-broken cannot be loaded; they are left out" in caplog.text
