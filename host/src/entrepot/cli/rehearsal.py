"""Plugins of a configuration made and let go of again: their own errors say what is wrong before anything is served."""

from __future__ import annotations

from entrepot.application import open_gate
from entrepot.config import Configuration
from entrepot.notify.settings import NotifySettings

__all__ = ["try_gate", "try_sinks"]


def try_gate(configuration: Configuration) -> None:
    """Raise PluginError or ConfigError where an authenticator cannot be used."""
    gate = open_gate(configuration)
    if gate is not None:
        gate.close()


def try_sinks(settings: NotifySettings) -> None:
    """Raise PluginError or ConfigError where an endpoint's sink cannot be used."""
    from entrepot.notify.notifier import open_sinks  # a database, which a host that tells nobody does without

    for sink in open_sinks(settings).values():
        sink.close()
