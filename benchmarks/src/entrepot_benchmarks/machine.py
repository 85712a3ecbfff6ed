"""The machine and the versions that a result belongs to."""

from __future__ import annotations

import os
import platform
import re
import subprocess
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from entrepot_benchmarks.targets.process import require

__all__ = ["describe"]

DISTRIBUTIONS = (
    "entrepot",
    "entrepot-storage-fs",
    "entrepot-server-granian",
    "entrepot-auth-htpasswd",
    "entrepot-auth-token",
    "granian",
    "falcon",
)


def describe(data: Path) -> dict[str, str]:
    """CPU, memory, kernel, file system and versions, as short texts by their names."""
    cpu = re.search(r"^model name\s*:\s*(.+)$", Path("/proc/cpuinfo").read_text(), re.MULTILINE)
    pages, page = os.sysconf("SC_PHYS_PAGES"), os.sysconf("SC_PAGE_SIZE")
    return {
        "CPU": cpu[1] if cpu else platform.processor(),
        "cores": str(os.cpu_count()),
        "memory": f"{pages * page / 2**30:.0f} GiB",
        "load before the run": f"{os.getloadavg()[0]:.1f} in the last minute",
        "kernel": platform.release(),
        "file system": _file_system(data),
        "Python": f"{platform.python_implementation()} {platform.python_version()}",
        "entrepot": ", ".join(f"{name} {found}" for name in DISTRIBUTIONS if (found := _version(name))),
        "docker-registry": _ask("docker-registry", "docker-registry", "--version"),
        "nginx": _ask("nginx", "nginx-light", "-v"),
        "wrk": _ask("wrk", "wrk", "-v"),
    }


def _version(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None


def _ask(program: str, package: str, option: str) -> str:
    command = [require(program, package), option]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - a found program, no shell
    found = re.search(r"\d+\.\d+[^\s,]*", done.stdout + done.stderr)
    return found[0] if found else "unknown"


def _file_system(data: Path) -> str:
    mounts = [line.split() for line in Path("/proc/self/mounts").read_text().splitlines()]
    holding = [fields for fields in mounts if data.resolve().is_relative_to(fields[1])]
    return max(holding, key=lambda fields: len(fields[1]))[2]
