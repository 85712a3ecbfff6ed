"""The composition root: from a configuration to the WSGI application that serves it."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from entrepot.access import Gate, Limits
from entrepot.config import (
    Configuration,
    access_rules,
    http_settings,
    limit_settings,
    notify_settings,
    registry_settings,
)
from entrepot.http import create_app
from entrepot.http.header_names import usual_names
from entrepot.logs import AccessLog
from entrepot.plugins import STORAGE, Hooks, make_auth, make_storage, package_named
from entrepot.registry import Registry
from entrepot.storage.checked import CheckedDriver

__all__ = ["HostApplication", "build_application", "open_checked", "open_gate"]

_log = logging.getLogger(__name__)


class HostApplication:
    """The registry as a WSGI application; it owns what its process has opened for it."""

    def __init__(
        self, app: WSGIApplication, registry: Registry, gate: Gate | None, hooks: Hooks, access_log: AccessLog | None
    ) -> None:
        self._app = app
        self._gate = gate
        self._registry = registry
        self._hooks = hooks
        self._access_log = access_log

    def __call__(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        return self._app(environ, usual_names(start_response))

    def close(self) -> None:
        """Run the shutdown hooks, let go of the storage, and write what the access log still holds."""
        self._hooks.shutdown()
        self._registry.close()
        if self._gate is not None:
            self._gate.close()
        if self._access_log is not None:
            self._access_log.close()


def open_checked(configuration: Configuration) -> CheckedDriver:
    """The configured storage driver, checked; some drivers ask their backend what it can do.

    Raises PluginError where there is no such driver, ConfigError where its options are wrong, and StorageError where
    its backend does not answer.
    """
    storage = configuration.storage
    driver = make_storage(storage.driver, storage.options)
    return CheckedDriver(driver, package=package_named(STORAGE, storage.driver))


def open_gate(configuration: Configuration) -> Gate | None:
    """Who asks and who may, or None where everybody may do everything.

    Raises PluginError where there is no such authenticator, and ConfigError where its options or files are wrong.
    """
    rules = access_rules(configuration)
    if rules is None:
        return None
    return Gate([make_auth(name, options) for name, options in configuration.auth.items()], rules)


def build_application(configuration: Configuration) -> HostApplication:
    """The application that a worker process serves.

    Raises what ``open_checked`` and ``open_gate`` raise.
    """
    gate = open_gate(configuration)
    driver = open_checked(configuration)
    health = driver.health()
    if not health.ok:
        _log.warning("the storage %s is not well: %s", configuration.storage.driver, health.detail)
    hooks = Hooks.installed()
    told = notify_settings(configuration)
    if told is not None:
        from entrepot.notify.listener import Notifications  # a database, which a host that tells nobody does without

        hooks.register(Notifications(told), "notifications")
    registry = Registry(driver, registry_settings(configuration), hooks.event if hooks.hears_events else None)
    settings = http_settings(configuration)
    access_log = None
    if settings.access_log:
        access_log = AccessLog(as_json=configuration.log.formatter != "text", fields=configuration.log.fields)
    app = create_app(registry, settings, access_log, gate, Limits(limit_settings(configuration)))
    # Options of drivers, authenticators and sinks stay out: they hold what only these may know.
    hooks.startup(
        configuration.model_dump(exclude={"storage": {"options"}, "auth": True, "notifications": {"endpoints": True}})
    )
    return HostApplication(app, registry, gate, hooks, access_log)
