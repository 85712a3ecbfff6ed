"""The composition root: creates the WSGI application for a configuration."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from entrepot.access import Gate, Limits
from entrepot.config import Configuration, access_rules, http_settings, limit_settings, registry_settings
from entrepot.http import create_app
from entrepot.logs import AccessLog
from entrepot.notify import notify_settings
from entrepot.plugins import STORAGE, Hooks, make_auth, make_storage, package_named
from entrepot.registry import Registry
from entrepot.storage.checked import CheckedDriver

__all__ = ["HostApplication", "build_application", "open_checked", "open_gate"]

_log = logging.getLogger(__name__)


class HostApplication:
    """The registry as a WSGI application; owns the resources that its process has opened."""

    def __init__(
        self, app: WSGIApplication, registry: Registry, gate: Gate | None, hooks: Hooks, access_log: AccessLog | None
    ) -> None:
        self._app = app
        self._gate = gate
        self._registry = registry
        self._hooks = hooks
        self._access_log = access_log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._app(environ, start_response)

    def close(self) -> None:
        """Run the shutdown hooks, close the storage, and write the rest of the access log."""
        self._hooks.shutdown()
        self._registry.close()
        if self._gate is not None:
            self._gate.close()
        if self._access_log is not None:
            self._access_log.close()


def open_checked(configuration: Configuration) -> CheckedDriver:
    """Returns the configured storage driver in its wrapper; some drivers query their backend for its capabilities.

    Raises PluginError if there is no such driver, ConfigError if its options are invalid, and StorageError if its
    backend is unavailable.
    """
    storage = configuration.storage
    driver = make_storage(storage.driver, storage.options)
    return CheckedDriver(driver, package=package_named(STORAGE, storage.driver))


def open_gate(configuration: Configuration) -> Gate | None:
    """Returns the gate with authenticators and access rules, or None if every client may do everything.

    Raises PluginError if there is no such authenticator, and ConfigError if its options or files are invalid.
    """
    rules = access_rules(configuration)
    if rules is None:
        return None
    return Gate([make_auth(name, options) for name, options in configuration.auth.items()], rules)


def build_application(configuration: Configuration) -> HostApplication:
    """Returns the application that a worker process serves.

    Raises the errors of ``open_checked`` and ``open_gate``.
    """
    gate = open_gate(configuration)
    driver = open_checked(configuration)
    health = driver.health()
    if not health.ok:
        _log.warning("storage is unhealthy: driver=%s detail=%s", configuration.storage.driver, health.detail)
    hooks = Hooks.installed()
    notifications = notify_settings(configuration)
    if notifications is not None:
        from entrepot.notify.listener import Notifications  # imports a database library, not needed without endpoints

        hooks.register(Notifications(notifications), "notifications")
    registry = Registry(driver, registry_settings(configuration), hooks.event if hooks.hears_events else None)
    settings = http_settings(configuration)
    access_log = None
    if settings.access_log:
        access_log = AccessLog(as_json=configuration.log.as_json, fields=configuration.log.fields)
    app = create_app(registry, settings, access_log, gate, Limits(limit_settings(configuration)))
    # Options of drivers, authenticators and sinks are excluded: they may contain secrets.
    hooks.startup(
        configuration.model_dump(exclude={"storage": {"options"}, "auth": True, "notifications": {"endpoints": True}})
    )
    return HostApplication(app, registry, gate, hooks, access_log)
