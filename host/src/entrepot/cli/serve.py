"""``entrepot serve``."""

from __future__ import annotations

import functools
import logging
import os
import signal

import click

from entrepot.addresses import Address
from entrepot.application import build_application
from entrepot.cli.validation import validate
from entrepot.config import Configuration, ConfigurationError, load_configuration
from entrepot.config.environment import CONFIGURATION_PATH
from entrepot.logs import configure_logging
from entrepot.plugins import PluginError
from entrepot_contract import ConfigError, StorageError

__all__ = ["serve"]

_log = logging.getLogger("entrepot")


@click.command()
@click.argument("path", metavar="[CONFIG]", type=click.Path(), required=False)
def serve(path: str | None) -> None:
    """Serve a registry configured by CONFIG or $REGISTRY_CONFIGURATION_PATH; without either, from ./data."""
    try:
        configuration, warnings = load_configuration(path or os.environ.get(CONFIGURATION_PATH) or None, os.environ)
        _serve(configuration, warnings)
    except ConfigurationError as error:
        raise click.ClickException("\n".join(error.faults)) from error
    except (PluginError, ConfigError) as error:
        raise click.ClickException(str(error)) from error
    except StorageError as error:
        raise click.ClickException(f"cannot serve, because the storage is unavailable: {error}") from error
    except OSError as error:
        raise click.ClickException(f"cannot serve: {error}") from error


def _serve(configuration: Configuration, warnings: list[str]) -> None:
    log = configuration.log
    configure_logging(configuration.level, as_json=log.as_json, fields=log.fields)
    for warning in warnings:
        _log.warning("%s", warning)
    ready = validate(configuration, functools.partial(_ready, configuration))
    for warning in ready.warnings:
        _log.warning("%s", warning)
    _log.info("serving with storage %s and server %s", configuration.storage.driver, ready.server.name)
    # Programs that rotate logs send these signals to every process of a service; child processes inherit this.
    for number in (signal.SIGHUP, signal.SIGUSR1, signal.SIGUSR2):
        signal.signal(number, signal.SIG_IGN)
    ready.server.serve(functools.partial(build_application, configuration), ready.settings)


def _ready(configuration: Configuration, host: str, port: int) -> None:
    _log.info("listening on %s", Address(host, port))
    if configuration.log.as_json:
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
