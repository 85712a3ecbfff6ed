"""Compatibility checks of plugins and their error messages, for the host and for drivers that wrap other drivers."""

from __future__ import annotations

from typing import Final

from entrepot_contract.options import DriverOptions

__all__ = ["bug", "compatibility_fault", "contract_of", "import_fault"]

_AUTHOR: Final = "or contact its author"
_CHECKED_SEPARATELY: Final = {"name", "contract", "Options"}
"""Attributes that must not only exist: their values are checked as well."""


def contract_of(plugin: object) -> tuple[int, int] | None:
    """Return the version of the contract that a plugin declares, or None if it declares none."""
    version = getattr(plugin, "contract", None)
    if isinstance(version, tuple) and len(version) == 2 and all(isinstance(part, int) for part in version):
        return version
    return None


def compatibility_fault(plugin: object, package: str, base: type, supported: tuple[int, int]) -> str | None:
    """Return why a package's object cannot be used as a plugin of type ``base`` and how to fix it, or None if it can.

    ``supported`` is the version of the contract that is supported here.
    """
    package = package or "the package"
    other = f"install a different version than {package}, {_AUTHOR}"
    if not (isinstance(plugin, type) and issubclass(plugin, base)):
        return f"it is not a subclass of {base.__module__}.{base.__name__}; {other}"
    version = contract_of(plugin)
    if version is None:
        return f"it does not declare a contract version, which has the form contract = (major, minor); {other}"
    if version[0] != supported[0] or version[1] > supported[1]:
        here = ".".join(map(str, supported))
        age = "a newer" if version > supported else "an older"
        return (
            f"it was written for contract {version[0]}.{version[1]} and {here} is supported here; "
            f"install {age} version of the host, or a different version than {package}"
        )
    missing = _missing(plugin, base)
    return f"it does not implement {', '.join(missing)}; {other}" if missing else None


def import_fault(error: BaseException, package: str) -> str:
    """Return why a package's plugin cannot be imported and how to fix it, in one line."""
    reason = " ".join(f"{type(error).__name__}: {error}".split()).removesuffix(":")
    command = f": pip install --force-reinstall {package.split()[0]}" if package else ""
    return f"{reason}; reinstall {package or 'its package'} and its dependencies{command}"


def bug(error: Exception, kind: str, name: str, package: str) -> str:
    """Return the message for a plugin whose constructor raised an exception that the contract does not allow.

    The exception's own text is left out, because it may contain an option's value.
    """
    return (
        f"the {kind} plugin {name!r} raised {type(error).__qualname__} when it was created, which is a bug in "
        f"{package or 'its package'}; install a different version, {_AUTHOR}"
    )


def _missing(plugin: type, base: type) -> list[str]:
    """Return the methods and attributes of the contract that a plugin does not define, in the contract's order."""
    missing = [name for name in vars(base) if name in getattr(plugin, "__abstractmethods__", ())]
    if not isinstance(getattr(plugin, "name", None), str):
        missing.append("name")
    missing += [name for name in base.__annotations__ if name not in _CHECKED_SEPARATELY and not hasattr(plugin, name)]
    if "Options" in base.__annotations__:
        options = getattr(plugin, "Options", None)
        if not (isinstance(options, type) and issubclass(options, DriverOptions)):
            missing.append("Options as a subclass of entrepot_contract.DriverOptions")
    return missing
