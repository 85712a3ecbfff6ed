"""Description of the machine and of installed versions."""

from __future__ import annotations

import os
import platform
import re
from importlib.metadata import distributions
from pathlib import Path

import psutil

__all__ = ["describe"]

BESIDE = ("falcon", "granian", "waitress")


def describe(data: Path) -> dict[str, str]:
    """Return CPU, memory, kernel, file system of ``data`` and versions as short texts."""
    return {
        "CPU": _cpu(),
        "cores": str(os.cpu_count()),
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "load before the run": f"{os.getloadavg()[0]:.1f} in the last minute",
        "system": f"{platform.system()} {platform.release()}",
        "file system of local backends": _file_system(data),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "packages": ", ".join(_versions()),
    }


def _cpu() -> str:
    try:
        found = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    except OSError:
        found = None
    return found[1] if found else platform.processor() or "unknown"


def _versions() -> list[str]:
    each = [dist.metadata for dist in distributions()]  # parsed once, while a property parses the file again
    found = {facts["Name"]: facts["Version"] for facts in each}
    ours = sorted(name for name in found if name.startswith("entrepot") and name != "entrepot-workspace")
    return [f"{name} {found[name]}" for name in [*ours, *(name for name in BESIDE if name in found)]]


def _file_system(data: Path) -> str:
    holding = [part for part in psutil.disk_partitions(all=True) if data.resolve().is_relative_to(part.mountpoint)]
    return max(holding, key=lambda part: len(part.mountpoint)).fstype if holding else "unknown"
