"""``entrepot serve``."""

from __future__ import annotations

import functools
import logging
import os

import click

from entrepot.application import build_application, open_storage
from entrepot.cli.rehearsal import try_gate, try_sinks
from entrepot.config import Configuration, ConfigurationError, load_configuration, notify_settings, server_settings
from entrepot.config.addresses import Address
from entrepot.config.environment import CONFIGURATION_PATH
from entrepot.logs import configure_logging
from entrepot.plugins import STORAGE, PluginError, package_named
from entrepot.server import choose_server
from entrepot.storage.checked import CheckedDriver
from entrepot_contract import ConfigError, StorageError

__all__ = ["serve"]

_log = logging.getLogger("entrepot")


@click.command()
@click.argument("path", metavar="[CONFIG]", type=click.Path(), required=False)
def serve(path: str | None) -> None:
    """Serve a registry, as CONFIG or $REGISTRY_CONFIGURATION_PATH says; without either, from ./data."""
    try:
        configuration, warnings = load_configuration(path or os.environ.get(CONFIGURATION_PATH) or None, os.environ)
        _serve(configuration, warnings)
    except ConfigurationError as error:
        raise click.ClickException("\n".join(error.faults)) from error
    except (PluginError, ConfigError) as error:
        raise click.ClickException(str(error)) from error
    except StorageError as error:
        # Some drivers ask their backend what it can do; whoever started the host learns why it cannot begin.
        raise click.ClickException(f"cannot serve, because the storage does not answer: {error}") from error
    except OSError as error:
        raise click.ClickException(f"cannot serve: {error}") from error


def _serve(configuration: Configuration, warnings: list[str]) -> None:
    log = configuration.log
    configure_logging(configuration.level, as_json=log.formatter != "text", fields=log.fields)
    for warning in warnings:
        _log.warning("%s", warning)
    _look_at_access(configuration)
    _look_at_sinks(configuration)
    with_storage = CheckedDriver(
        open_storage(configuration), package=package_named(STORAGE, configuration.storage.driver)
    )
    shared = with_storage.capabilities.shared
    with_storage.close()
    settings = server_settings(configuration, shared=shared, on_ready=functools.partial(_ready, configuration))
    server = choose_server(configuration.http.server, settings)
    if not shared:
        _log.info("the storage %s is not shared: one process serves it", configuration.storage.driver)
    _log.info("serving with storage %s and server %s", configuration.storage.driver, server.name)
    server.serve(functools.partial(build_application, configuration), settings)


def _look_at_access(configuration: Configuration) -> None:
    """Find out here, and not in a worker, that an authenticator cannot be used; say what may surprise."""
    try_gate(configuration)
    if configuration.auth and configuration.access is None:
        _log.warning("access is not set: who is authenticated may do everything, as in Docker Distribution")
    http = configuration.http
    if configuration.auth and http.tls is None and http.addr.host not in {"127.0.0.1", "::1", "localhost"}:
        _log.warning("http.tls is not set: passwords and tokens travel in the clear, unless a proxy in front has TLS")


def _look_at_sinks(configuration: Configuration) -> None:
    """Find out here that an endpoint's sink cannot be used, and not in the process that tells it the events."""
    told = notify_settings(configuration)
    if told is None:
        return
    try_sinks(told)
    try:
        os.makedirs(told.outbox.path, 0o700, exist_ok=True)
    except OSError as error:
        raise click.ClickException(
            f"cannot serve: the outbox of the notifications cannot be made ({error}); "
            "set notifications.outbox.path to a folder on a local disk"
        ) from error


def _ready(configuration: Configuration, host: str, port: int) -> None:
    _log.info("listening on %s", Address(host, port))
    if configuration.log.formatter != "text":
        return
    scheme = "https" if configuration.http.tls else "http"
    name = Address("127.0.0.1" if host in {"", "0.0.0.0", "::"} else host, port)  # noqa: S104 - compared, not bound
    image = f"{name}/alpine"
    click.echo(
        f"\nentrepot is ready at {scheme}://{name}{configuration.http.prefix}\n\n"
        f"  docker pull alpine && docker tag alpine {image} && docker push {image}\n"
        f"  skopeo copy {'' if configuration.http.tls else '--dest-tls-verify=false '}docker://alpine docker://{image}\n",
        err=True,
    )
