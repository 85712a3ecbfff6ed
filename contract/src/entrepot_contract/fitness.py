"""Whether a plugin can be used, and what is told of one that cannot: for a host, and for drivers made of drivers."""

from __future__ import annotations

from typing import Final

from entrepot_contract.errors import ConfigError
from entrepot_contract.options import DriverOptions

__all__ = ["contract_of", "defect", "import_fault", "unfit", "with_hint"]

_AUTHOR: Final = "or tell its author"
_LOOKED_AT: Final = {"name", "contract", "Options"}
"""Attributes of which more is asked than to be there."""


def contract_of(plugin: object) -> tuple[int, int] | None:
    """The version of the contract that a plugin says it was written for."""
    version = getattr(plugin, "contract", None)
    if isinstance(version, tuple) and len(version) == 2 and all(isinstance(part, int) for part in version):
        return version
    return None


def unfit(plugin: object, package: str, base: type, kept: tuple[int, int]) -> str | None:
    """Why an object of a package cannot be used as a plugin below ``base`` and what to do about it, or None.

    ``kept`` is the version of the contract that is kept here.
    """
    package = package or "the package"
    other = f"install another version of it than {package}, {_AUTHOR}"
    if not (isinstance(plugin, type) and issubclass(plugin, base)):
        return f"it is no subclass of {base.__module__}.{base.__name__}; {other}"
    version = contract_of(plugin)
    if version is None:
        return f"it does not say for which contract it was written; it needs contract = (major, minor); {other}"
    if version[0] != kept[0] or version[1] > kept[1]:
        here = ".".join(map(str, kept))
        age = "a newer" if version > kept else "an older"
        return (
            f"it was written for contract {version[0]}.{version[1]} and this host keeps {here}; "
            f"install {age} entrepot, or another version of it than {package}"
        )
    lacking = _lacking(plugin, base)
    return f"it lacks {', '.join(lacking)} of its contract; {other}" if lacking else None


def import_fault(error: BaseException, package: str) -> str:
    """Why a plugin of a package cannot be imported, and what to do about it, in one line."""
    reason = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    again = f": pip install --force-reinstall {package.split()[0]}" if package else ""
    return f"{reason}; install {package or 'its package'} and what it needs again{again}"


def with_hint(error: ConfigError, kind: str, name: str, package: str) -> ConfigError:
    """What is wrong with a plugin's options, with its package and where to look them up."""
    hint = f" ({package}; `entrepot plugins show {name} --kind {kind}` lists its options)"
    return ConfigError(error.message + hint, driver=error.driver, operation=error.operation)


def defect(error: Exception, kind: str, name: str, package: str) -> str:
    """What is told of a plugin that let out what it may not when it was made.

    The error's own text is kept out, as it may hold an option's value.
    """
    return (
        f"the {kind} plugin {name!r} let a {type(error).__qualname__} out when it was made, which is a defect of "
        f"{package or 'its package'}; install another version of it, {_AUTHOR}"
    )


def _lacking(plugin: type, base: type) -> list[str]:
    """The verbs and attributes of the contract that a plugin has left out, in the contract's order."""
    lacking = [name for name in vars(base) if name in getattr(plugin, "__abstractmethods__", ())]
    if not isinstance(getattr(plugin, "name", None), str):
        lacking.append("name")
    lacking += [name for name in base.__annotations__ if name not in _LOOKED_AT and not hasattr(plugin, name)]
    if "Options" in base.__annotations__:
        options = getattr(plugin, "Options", None)
        if not (isinstance(options, type) and issubclass(options, DriverOptions)):
            lacking.append("Options below entrepot_contract.DriverOptions")
    return lacking
