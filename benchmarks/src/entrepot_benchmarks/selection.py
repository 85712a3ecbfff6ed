"""Which storage backends are measured: those that are named, or every installed driver that can be set up unasked."""

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
from entrepot.plugins.installed import STORAGE, claims
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_contract import StorageDriver, StorageError

__all__ = ["Backend", "chosen_backends", "default_backends", "parse_backend", "passed_over"]

HERE: Final = "{tmp}"
"""What stands for a fresh folder in an option, as in the kit."""

_NAMED: Final = re.compile(r"(?:(?P<label>[^:={}]+):)?(?P<driver>[^:={}]+)(?:=(?P<config>.*))?", re.DOTALL)
_FILE: Final = re.compile(r"[^\s{}:]+\.(?:ya?ml|json)")
_FOLDER: Final = re.compile(r"dir|folder|path|root")


@dataclass(frozen=True, slots=True)
class Backend:
    """One configured storage driver.

    - ``driver`` is the name of its entry point, ``options`` its section of the configuration, which may hold secrets.
    - ``label`` is the name that results carry; no other backend of a run has it.
    """

    label: str
    driver: str
    options: Mapping[str, object] = field(repr=False)

    @property
    def needs_folder(self) -> bool:
        """Whether an option holds ``{tmp}``."""
        return self.placed("") != self.options

    def placed(self, folder: Path | str) -> dict[str, object]:
        """The options with ``folder`` in the place of ``{tmp}``, at any depth."""
        return {name: _placed(value, str(folder)) for name, value in self.options.items()}

    def open(self, folder: Path | str) -> StorageDriver:
        """The driver.

        Raises BenchmarkError where it is not installed or refuses its options; no message shows a value.
        """
        try:
            return load_storage(self.driver).from_config(self.placed(folder))
        except PluginError as error:
            raise BenchmarkError(str(error)) from error
        except StorageError as error:
            raise BenchmarkError(f"the options of {self.label!r} are refused: {error}") from error
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way
            # Its words are kept away: what is no StorageError has not promised to show no value.
            fault = type(error).__name__
            raise BenchmarkError(
                f"{self.driver!r} ended with {fault} when it took the options of {self.label!r}"
            ) from None


def chosen_backends(texts: Sequence[str], *, option: str = "--backend") -> list[Backend]:
    """The backends that were named, each as ``parse_backend`` takes it, or ``default_backends`` where none was.

    ``option`` is how the caller's command takes a text, for its messages.

    Raises BenchmarkError where a text is wrong, a label comes twice, or there is nothing to measure.
    """
    chosen = [parse_backend(text) for text in texts] or default_backends()
    labels = [backend.label for backend in chosen]
    for label in labels:
        if labels.count(label) > 1:
            raise BenchmarkError(f"two backends are called {label!r}: give one of them a label, as LABEL:NAME=CONFIG")
    if not chosen:
        raise BenchmarkError("; ".join(["no storage driver can be measured", *passed_over(option)]))
    return chosen


def parse_backend(text: str) -> Backend:
    """A backend from ``[LABEL:]NAME[=CONFIG]``.

    CONFIG is a YAML or JSON file with the driver's options, or the options themselves as YAML in braces;
    ``"{tmp}"`` in an option stands for a fresh folder. Without CONFIG it is set up as by ``default_backends``.

    Raises BenchmarkError in one line, which never shows the value of an option.
    """
    found = _NAMED.fullmatch(text)
    if found is None:
        raise BenchmarkError("a backend is given as NAME=CONFIG or LABEL:NAME=CONFIG, such as filesystem=options.yml")
    name = found["driver"].strip()
    label = (found["label"] or name).strip()
    driver = _load(name)
    if found["config"] is None:
        options, fault = _unasked(driver)
        if fault:
            raise BenchmarkError(f"{name!r} has to be set up: {fault}; give its options, as {name}=OPTIONS.yml")
        backend = Backend(label, name, options)
    else:
        backend = Backend(label, name, _options(name, found["config"].strip()))
    with tempfile.TemporaryDirectory(prefix="entrepot-benchmarks-") as folder:
        backend.open(folder).close()
    return backend


def default_backends() -> list[Backend]:
    """Every installed driver that can be set up without a word, each class once.

    It takes no option, or none has to be given beside a folder, for which a fresh one is named: never its own default.
    """
    return [backend for backend, fault in _installed() if backend is not None and not fault]


def passed_over(option: str = "--backend") -> list[str]:
    """A sentence for each installed driver that ``default_backends`` leaves out: why, and what to add."""
    return [
        fault if backend is None else f"{backend.label} is left out: {fault}; add {option} {backend.driver}=OPTIONS.yml"
        for backend, fault in _installed()
        if fault
    ]


def _installed() -> list[tuple[Backend | None, str]]:
    """Every class of driver with what keeps it from being measured, or ""; None where it cannot even be loaded."""
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
            continue  # another name of a class that is measured by its own
        known.add(driver)
        options, fault = _unasked(driver)
        found.append((Backend(name, name, options), fault))
    return found


def _load(name: str) -> type[StorageDriver]:
    try:
        return load_storage(name)
    except PluginError as error:
        raise BenchmarkError(str(error)) from error


def _unasked(driver: type[StorageDriver]) -> tuple[dict[str, object], str]:
    """The options of a driver of which nobody has said anything, and why it cannot be set up by them, or ""."""
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
            return {}, f"it says: {error}"
        except Exception as error:  # noqa: BLE001 - a plugin may fail in any way, and keeps no other from being measured
            return {}, f"it ends with {type(error).__name__} when it is made without options"
    return options, ""


def _is_folder(name: str, field: FieldInfo) -> bool:
    """Whether an option is where a driver keeps its data on this machine, as far as its declaration tells."""
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
    where = f"the file {config}" if is_file else f"what follows {name}="
    if not is_file and _FILE.fullmatch(config):
        raise BenchmarkError(f"the options of {name!r} cannot be read: there is no file {config}")
    try:
        text = Path(config).read_text(encoding="utf-8") if is_file else config
        found = yaml.safe_load(text)
    except OSError as error:
        raise BenchmarkError(f"the options of {name!r} cannot be read from {where}: {error.strerror}") from error
    except (yaml.YAMLError, ValueError) as error:
        # Without the parser's own words, which quote what it read, and without the error, which holds it.
        mark = getattr(error, "problem_mark", None)
        place = "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"
        hint = "" if is_file else f'; braces in a value need quotes, as in {{option: "{HERE}"}}'
        raise BenchmarkError(f"{where} is no valid YAML{place}{hint}") from None
    if not isinstance(found, dict) or not all(isinstance(option, str) for option in found):
        wanted = "option: value" if is_file else "{option: value}, or the name of a YAML or JSON file"
        raise BenchmarkError(f"{where} has to hold the options of {name!r} by their names: {wanted}")
    return found


def _placed(value: object, folder: str) -> object:
    if isinstance(value, str):
        return value.replace(HERE, folder)
    if isinstance(value, dict):
        return {name: _placed(inner, folder) for name, inner in value.items()}
    if isinstance(value, list):
        return [_placed(inner, folder) for inner in value]
    return value
