"""Startup checks: try everything a start needs before serving. Used by ``serve`` and ``config check``."""

from __future__ import annotations

import os
import re
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field

from pydantic import ValidationError

from entrepot.application import open_checked, open_gate
from entrepot.config import Configuration, ConfigurationError, server_settings
from entrepot.config.section import set_by
from entrepot.notify import notify_settings
from entrepot.plugins import PluginError, make_server, make_sink, make_storage
from entrepot.server import check_tls, choose_server
from entrepot.storage.writable import check_writable
from entrepot_contract import ConfigError, DeleteFailed, NoSpace, StorageError
from entrepot_contract.server import ServerDriver, ServerSettings

__all__ = ["Ready", "validate"]


@dataclass(slots=True)
class Ready:
    """The checked server and its settings, and the warnings to print before serving."""

    server: ServerDriver
    settings: ServerSettings
    warnings: list[str]


@dataclass(slots=True)
class _Trial:
    configuration: Configuration
    faults: list[str] = field(default_factory=list)

    @contextmanager
    def part(self, *place: str) -> Iterator[None]:
        """Check one part of the start; collect its faults, with the environment variables that set their options."""
        variables = self.configuration.variables
        try:
            yield
        except (PluginError, ConfigError) as error:
            places = _places(error, ".".join(place), variables)
            self.faults.append(f"{error}{set_by(variables, *places)}")
        except StorageError as error:
            places = [] if error.retryable else _named(error, ".".join(place), variables)
            self.faults.append(f"{_storage_fault(error)}{set_by(variables, *places)}")
        except OSError as error:
            self.faults.append(f"cannot serve: {error}{set_by(variables, '.'.join(place))}")


def _storage_fault(error: StorageError) -> str:
    reason = "is unavailable" if error.retryable else "cannot be used"
    return f"cannot serve, because the storage {reason}: {error}"


def validate(
    configuration: Configuration, on_ready: Callable[[str, int], None] | None = None, *, offline: bool = False
) -> Ready:
    """Create and close every configured plugin, write to the storage, and read the TLS files.

    ``offline`` skips the storage backend, the outbox, the TLS files and the resolution of the host, none of which
    may exist on another machine.

    Raises ConfigurationError with a message for each part that cannot be used.
    """
    trial = _Trial(configuration)
    warnings = _access_warnings(configuration)
    alone = False
    with trial.part("storage", configuration.storage.driver):
        if offline:
            make_storage(configuration.storage.driver, configuration.storage.options).close()
        else:
            alone = _try_storage(configuration, warnings)
    with trial.part("auth"):
        gate = open_gate(configuration)
        if gate is not None:
            gate.close()
    _try_sinks(trial)
    if not offline:
        _try_outbox(trial)
    settings = server_settings(configuration, shared=not alone, on_ready=on_ready)
    chosen = server = None
    with trial.part("http"):
        chosen = choose_server(configuration.http.server_name, settings)
    if chosen is not None:
        with trial.part("http.server", chosen):
            server = make_server(chosen, configuration.http.server_options)
    if not offline:
        with trial.part("http.addr"):
            _resolve(settings.host)
    if settings.tls is not None and not offline:
        with trial.part("http.tls"):
            check_tls(settings.tls)
    if trial.faults or server is None:
        raise ConfigurationError(trial.faults)
    return Ready(server, settings, warnings)


def _try_storage(configuration: Configuration, warnings: list[str]) -> bool:
    """Open the storage and write to it; returns whether it must be used by a single process."""
    name = configuration.storage.driver
    driver = open_checked(configuration)
    try:
        claims = driver.capabilities
        if not configuration.storage.maintenance.readonly.enabled:
            try:
                check_writable(driver)
            except NoSpace as error:
                warnings.append(f"the storage is full, pushes will fail: {error}")
            except DeleteFailed as error:
                warnings.append(f"the storage does not allow deletion: {error}")
    finally:
        driver.close()
    if not claims.durable:
        warnings.append(f"the storage {name} may lose what was pushed when the power fails")
    if not claims.shared:
        warnings.append(f"the storage {name} is not shared: serving with one process")
    elif not claims.create:
        warnings.append(f"the storage {name} cannot create atomically: serving with one process; use one host only")
    return not (claims.shared and claims.create)


def _try_sinks(trial: _Trial) -> None:
    for index, endpoint in enumerate(trial.configuration.notifications.endpoints):
        if not endpoint.disabled:
            with trial.part("notifications.endpoints", str(index)):
                make_sink(endpoint.sink, endpoint.options).close()


def _try_outbox(trial: _Trial) -> None:
    settings = notify_settings(trial.configuration)
    if settings is None:
        return
    path = settings.outbox.path
    try:
        os.makedirs(path, 0o700, exist_ok=True)
        with tempfile.TemporaryFile(dir=path):
            pass
    except OSError as error:
        trial.faults.append(
            f"cannot serve: the outbox of the notifications cannot be written ({error}); "
            f"set notifications.outbox.path to a folder on a local disk"
            f"{set_by(trial.configuration.variables, 'notifications.outbox.path')}"
        )


def _resolve(host: str) -> None:
    try:
        socket.getaddrinfo(host or None, 0, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError as error:
        raise OSError(f"the host {host!r} of http.addr cannot be resolved ({error.strerror or error})") from error


def _access_warnings(configuration: Configuration) -> list[str]:
    warnings = []
    if configuration.auth and configuration.access is None:
        warnings.append("access is not set: authenticated clients may do everything, as in Docker Distribution")
    if configuration.access is not None and not configuration.auth and not _knows_clients(configuration):
        warnings.append("access is set and auth is not: all clients are anonymous, and only rules for anonymous apply")
    http = configuration.http
    if configuration.auth and http.tls is None and http.addr.host not in {"127.0.0.1", "::1", "localhost"}:
        warnings.append(
            "http.tls is not set: passwords and tokens are sent in clear text, unless a proxy in front terminates TLS"
        )
    return warnings


def _knows_clients(configuration: Configuration) -> bool:
    """Returns whether clients are identified by certificates."""
    return configuration.http.tls is not None and bool(configuration.http.tls.clientcas)


def _places(error: Exception, place: str, variables: Mapping[str, str]) -> list[str]:
    """Returns the paths of the options that a validation error is about, or else the plugin's path."""
    cause: BaseException | None = error
    while cause is not None:
        if isinstance(cause, ValidationError):
            places = []
            for fault in cause.errors(include_input=False, include_url=False, include_context=False):
                steps = [str(step) for step in fault["loc"]]
                if fault["type"] == "missing":
                    steps = steps[:-1]
                places.append(".".join([_plugin(place, error), *steps]))
            return places
        cause = cause.__cause__
    return _named(error, _plugin(place, error), variables)


def _named(error: Exception, place: str, variables: Mapping[str, str]) -> list[str]:
    """Returns the paths of the options named in a message, or else ``place``."""
    keys = [key for key in variables if key.startswith(f"{place}.")]
    return [key for key in keys if re.search(rf"\b{re.escape(key.rpartition('.')[2])}\b", str(error))] or [place]


def _plugin(place: str, error: Exception) -> str:
    """Returns the path of an authenticator, since there may be several."""
    return f"{place}.{error.driver}" if place == "auth" and isinstance(error, ConfigError) else place
