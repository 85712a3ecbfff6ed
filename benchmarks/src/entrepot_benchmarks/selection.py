"""Selection of the measured backends: given ones, or every installed driver that works without options."""

from __future__ import annotations

import re
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import yaml
from pydantic.fields import FieldInfo

from entrepot.plugins import PluginError, load_storage
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_contract import StorageDriver, StorageError
from entrepot_contract.plugins import STORAGE, claims

__all__ = ["Backend", "chosen_backends", "default_backends", "parse_backend", "passed_over"]

HERE: Final = "{tmp}"
"""Placeholder for a temporary folder in an option, as in the contract tests."""

_NAMED: Final = re.compile(r"(?:(?P<label>[^:={}]+):)?(?P<driver>[^:={}]+)(?:=(?P<config>.*))?", re.DOTALL)
_FILE: Final = re.compile(r"[^\s{}:]+\.(?:ya?ml|json)")
_FOLDER: Final = re.compile(r"dir|folder|path|root")


@dataclass(frozen=True, slots=True)
class Backend:
    """One configured storage driver.

    - ``driver`` is the name of its entry point, ``options`` its configuration section, which may contain secrets.
    - ``label`` is the name in the results, unique within a run.
    """

    label: str
    driver: str
    options: Mapping[str, object] = field(repr=False)

    @property
    def needs_folder(self) -> bool:
        """Whether an option contains ``{tmp}``."""
        return self.placed("") != self.options

    def placed(self, folder: Path | str) -> dict[str, object]:
        """Return the options with ``{tmp}`` replaced by ``folder``, at any depth."""
        return {name: _placed(value, str(folder)) for name, value in self.options.items()}

    def open(self, folder: Path | str) -> StorageDriver:
        """Open the driver.

        Raises BenchmarkError if it is not installed or rejects its options; no message contains a value.
        """
        try:
            return load_storage(self.driver).from_config(self.placed(folder))
        except PluginError as error:
            raise BenchmarkError(str(error)) from error
        except StorageError as error:
            raise BenchmarkError(f"the options of {self.label!r} are invalid: {error}") from error
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way
            # The message is omitted: only StorageError guarantees that it contains no option values.
            fault = type(error).__name__
            raise BenchmarkError(f"{self.driver!r} raised {fault} for the options of {self.label!r}") from None


def chosen_backends(texts: Sequence[str], *, option: str = "--backend") -> list[Backend]:
    """Parse the given backends with ``parse_backend``, or return ``default_backends`` if there are none.

    ``option`` is the name of the command-line option, for messages.

    Raises BenchmarkError if a text is invalid, a label is not unique, or there is nothing to measure.
    """
    chosen = [parse_backend(text) for text in texts] or default_backends()
    labels = [backend.label for backend in chosen]
    for label in labels:
        if labels.count(label) > 1:
            raise BenchmarkError(f"two backends are named {label!r}: label one of them, as in LABEL:NAME=CONFIG")
    if not chosen:
        raise BenchmarkError("; ".join(["no storage driver can be measured", *passed_over(option)]))
    return chosen


def parse_backend(text: str) -> Backend:
    """Parse a backend from ``[LABEL:]NAME[=CONFIG]``.

    CONFIG is a YAML or JSON file with the driver's options, or the options themselves as YAML in braces; ``"{tmp}"`` in
    an option is replaced by a temporary folder. Without CONFIG, the options are those of ``default_backends``.

    Raises BenchmarkError with a message in one line, which never contains the value of an option.
    """
    found = _NAMED.fullmatch(text)
    if found is None:
        raise BenchmarkError(
            "invalid backend: expected NAME=CONFIG or LABEL:NAME=CONFIG, such as filesystem=options.yml"
        )
    name = found["driver"].strip()
    label = (found["label"] or name).strip()
    driver = _load(name)
    if found["config"] is None:
        options, fault = _default_options(driver)
        if fault:
            raise BenchmarkError(f"{name!r} needs options: {fault}; pass them as {name}=OPTIONS.yml")
        backend = Backend(label, name, options)
    else:
        backend = Backend(label, name, _options(name, found["config"].strip()))
    with tempfile.TemporaryDirectory(prefix="entrepot-benchmarks-") as folder:
        backend.open(folder).close()
    return backend


def default_backends() -> list[Backend]:
    """Return every installed driver that works without configuration, each class once.

    These are drivers without required options except folders, for which temporary folders are used, never the default.
    """
    return [backend for backend, fault in _installed() if backend is not None and not fault]


def passed_over(option: str = "--backend") -> list[str]:
    """Return a message for each installed driver that is not in ``default_backends``: why, and what to add."""
    return [
        fault if backend is None else f"{backend.label} skipped: {fault}; add {option} {backend.driver}=OPTIONS.yml"
        for backend, fault in _installed()
        if fault
    ]


def _installed() -> list[tuple[Backend | None, str]]:
    """Return every driver class with the reason that it cannot be measured, or ""; None if it cannot be loaded."""
    found: list[tuple[Backend | None, str]] = []
    known: set[type[StorageDriver]] = set()
    names = list(dict.fromkeys(claim.name for claim in claims(STORAGE)))
    for name in names:
        try:
            driver = _load(name)
        except BenchmarkError as error:
            found.append((None, str(error)))
            continue
        if driver in known or (name != driver.name and driver.name in names):
            continue  # an alias of a class that is measured under its own name
        known.add(driver)
        options, fault = _default_options(driver)
        found.append((Backend(name, name, options), fault))
    return found


def _load(name: str) -> type[StorageDriver]:
    try:
        return load_storage(name)
    except PluginError as error:
        raise BenchmarkError(str(error)) from error


def _default_options(driver: type[StorageDriver]) -> tuple[dict[str, object], str]:
    """Return the options of a driver without configuration, and the reason that they do not work, or ""."""
    fields = {field.alias or name: field for name, field in driver.Options.model_fields.items()}
    folders = [name for name, field in fields.items() if _is_folder(name, field)]
    options: dict[str, object] = {name: HERE if len(folders) == 1 else f"{HERE}/{name}" for name in folders}
    missing = [repr(name) for name, field in fields.items() if field.is_required() and name not in options]
    if missing:
        return {}, f"it needs {', '.join(missing)}"
    with tempfile.TemporaryDirectory(prefix="entrepot-benchmarks-") as folder:
        try:
            driver.from_config({name: _placed(value, folder) for name, value in options.items()}).close()
        except StorageError as error:
            return {}, str(error)
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way, which must not affect others
            return {}, f"it raises {type(error).__name__} without options"
    return options, ""


def _is_folder(name: str, field: FieldInfo) -> bool:
    """Return whether an option is likely the driver's local data folder, judging by its declaration."""
    kind = field.annotation
    if isinstance(kind, type) and issubclass(kind, Path):
        return True
    if kind is not str:
        return False
    return (
        bool(_FOLDER.search(name.lower())) if field.is_required() else str(field.default).startswith(("/", "./", "~"))
    )


def _options(name: str, config: str) -> Mapping[str, object]:
    try:
        is_file = Path(config).is_file()
    except (OSError, ValueError):
        is_file = False
    where = f"the file {config}" if is_file else f"the text after {name}="
    if not is_file and _FILE.fullmatch(config):
        raise BenchmarkError(f"the options of {name!r} cannot be read: file {config} does not exist")
    try:
        text = Path(config).read_text(encoding="utf-8") if is_file else config
        found = yaml.safe_load(text)
    except OSError as error:
        raise BenchmarkError(f"the options of {name!r} cannot be read from {where}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        # Without the parser's message and without chaining, because both quote the text.
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"
        hint = "" if is_file else f'; values with braces must be quoted, as in {{option: "{HERE}"}}'
        raise BenchmarkError(f"{where} is not valid YAML{place}{hint}") from None
    if not isinstance(found, dict) or not all(isinstance(option, str) for option in found):
        wanted = "option: value" if is_file else "{option: value}, or the name of a YAML or JSON file"
        raise BenchmarkError(f"{where} must be a mapping of the options of {name!r}: {wanted}")
    return found


def _placed(value: object, folder: str) -> object:
    if isinstance(value, str):
        return value.replace(HERE, folder)
    if isinstance(value, dict):
        return {name: _placed(inner, folder) for name, inner in value.items()}
    if isinstance(value, list):
        return [_placed(inner, folder) for inner in value]
    return value
