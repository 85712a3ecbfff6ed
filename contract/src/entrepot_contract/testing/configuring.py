"""Checks of the errors that plugins raise for invalid options and missing files."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest
from pydantic import SecretStr

from entrepot_contract import ConfigError, DriverOptions
from entrepot_contract.options import parse_options
from entrepot_contract.testing.base import Plugin
from entrepot_contract.testing.secrets import chain, secrets_of, shows, text_of

__all__ = ["refuses_missing_files", "refuses_wrong_options"]

SENTINEL = "kit-sentinel-5d1f"


def refuses_wrong_options(plugin: type[Plugin], config: Mapping[str, object]) -> None:
    """Check that each unknown, missing or mistyped option raises a ConfigError that names it, without a value."""
    assert issubclass(plugin.Options, DriverOptions)
    for name, wrong in _faults(plugin, config):
        with pytest.raises(ConfigError) as caught:
            plugin.from_config(wrong)
        assert name in str(caught.value)
        assert SENTINEL not in str(caught.value), "an error never shows a value"
        assert caught.value.driver == plugin.name
    for secret, wrong in _spoilt(plugin, config):
        try:
            plugin.from_config(wrong)
        except ConfigError as error:
            texts = [text_of(link) for link in chain(error)]
            assert not any(shows(text, {secret}) for text in texts), "a ConfigError shows a secret of the options"


def _spoilt(plugin: type[Plugin], config: Mapping[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    """Yield each secret of the options, with options that are wrong because its value has more or less in it."""
    for secret in sorted(secrets_of(parse_options(plugin.Options, config, driver=plugin.name))):
        for name, value in config.items():
            if isinstance(value, str) and secret in value:
                for wrong in (
                    f"[{value}",
                    f" {value}",
                    f"{value}\0",
                    value.replace("://", ":/"),
                    value.replace("@", "@@:x:"),
                    value.replace(":", "%"),
                    f"{value}:x:99999999",
                ):
                    yield secret, {**config, name: wrong}


def _faults(plugin: type[Plugin], config: Mapping[str, object]) -> Iterator[tuple[str, dict[str, object]]]:
    yield "no_such_option", {**config, "no_such_option": SENTINEL}
    for name, field in plugin.Options.model_fields.items():
        option = field.alias or name
        rest = {key: value for key, value in config.items() if key not in {name, option}}
        if field.is_required():
            yield option, rest
        if field.annotation in {str, int, float, bool, SecretStr}:
            yield option, {**rest, option: [{SENTINEL: SENTINEL}]}


def refuses_missing_files(plugin: type[Plugin], config: Mapping[str, object]) -> bool:
    """Check that each missing file raises a ConfigError that names it; returns False if the options name no file."""
    faults = list(_without_files(dict(config)))
    for file, wrong in faults:
        assert isinstance(wrong, dict)
        with pytest.raises(ConfigError) as caught:
            plugin.from_config(wrong)
        assert caught.value.driver == plugin.name
        assert f"{file}.{SENTINEL}" in str(caught.value), "the error must name the file"
    return bool(faults)


def _without_files(value: object) -> Iterator[tuple[str, object]]:
    """Yield each file that a value names, with a copy of the value that names a missing file instead."""
    if isinstance(value, str) and value and Path(value).is_file():
        yield value, f"{value}.{SENTINEL}"
    elif isinstance(value, dict):
        for name, inner in value.items():
            yield from ((file, {**value, name: other}) for file, other in _without_files(inner))
    elif isinstance(value, list):
        for place, inner in enumerate(value):
            for file, other in _without_files(inner):
                yield file, [*value[:place], other, *value[place + 1 :]]
