"""Loading of a configuration from a file and the environment."""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from pydantic import SecretStr, ValidationError

from entrepot.config.document import DocumentError, parse_document
from entrepot.config.environment import override
from entrepot.config.model import Configuration
from entrepot.config.plugin_names import plugin_names
from entrepot.config.section import Findings, check_section, keys_at
from entrepot.config.storage import split_storage

__all__ = ["ConfigurationError", "load_configuration"]

_WITHOUT_FILE: Final = """
version: 0.1
storage: {filesystem: {rootdirectory: ./data}, delete: {enabled: true}}
"""


class ConfigurationError(Exception):
    """A configuration that cannot be used; ``faults`` has a message, without values, for each problem."""

    def __init__(self, faults: list[str]) -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def load_configuration(path: str | None, environ: Mapping[str, str]) -> tuple[Configuration, list[str]]:
    """Returns the configuration of a file and warnings about it; without a path, a configuration for trying it out.

    Raises ConfigurationError.
    """
    findings = Findings()
    raw = _read(path)
    override(raw, environ, findings, plugin_names)
    storage = split_storage(raw.pop("storage", None), findings)
    kept = check_section(Configuration, raw | ({"storage": storage} if storage else {}), findings)
    if "version" not in kept:
        findings.faults.insert(0, "version is required; write version: 0.1")
    configuration = None
    try:
        configuration = Configuration.model_validate(kept)
    except ValidationError as error:
        _report(error, findings)
    if configuration is None or findings.faults:
        raise ConfigurationError(findings.faults)
    configuration.variables.update(findings.variables)
    debug = configuration.http.debug
    if debug.addr is not None and all(one.disabled for one in configuration.notifications.endpoints):
        findings.warnings.append(
            "http.debug has no effect: its metrics are those of notifications, and no endpoint is enabled"
        )
    return _with_secret(configuration, findings), findings.warnings


def _read(path: str | None) -> dict[str, object]:
    try:
        raw = parse_document(Path(path).read_text(encoding="utf-8") if path is not None else _WITHOUT_FILE)
    except OSError as error:
        raise ConfigurationError([f"{path} cannot be read: {error.strerror}"]) from error
    except (DocumentError, UnicodeDecodeError) as error:
        detail = error if isinstance(error, DocumentError) else "is not valid UTF-8"
        raise ConfigurationError([f"{path} {detail}"]) from error
    if not isinstance(raw, dict):
        raise ConfigurationError([f"{path} is not a mapping; it must begin with version: 0.1"])
    return raw


def _report(error: ValidationError, findings: Findings) -> None:
    for fault in error.errors(include_input=False, include_url=False, include_context=False):
        place = ".".join(str(step) for step in fault["loc"])
        missing = fault["type"] == "missing"
        if missing and place in {"version", "storage"}:
            continue  # already reported, with an example
        message = fault["msg"].removeprefix("Value error, ")
        if missing:
            message = "is required"
        elif fault["type"] in {"model_type", "dict_type"}:
            keys = keys_at(Configuration, [str(step) for step in fault["loc"]])
            message = f"must be a mapping{' with the keys ' + ', '.join(keys) if keys else ''}"
        elif message.startswith("Input "):
            message = message.removeprefix("Input ")
        findings.fault(place, f"{message[:1].lower()}{message[1:]}", missing=missing)


def _with_secret(configuration: Configuration, findings: Findings) -> Configuration:
    if configuration.http.secret.get_secret_value():
        return configuration
    findings.warnings.append(
        "http.secret is not set: a random one is used, so uploads cannot be resumed after a restart or on another host"
    )
    http = configuration.http.model_copy(update={"secret": SecretStr(secrets.token_hex(32))})
    return configuration.model_copy(update={"http": http})
