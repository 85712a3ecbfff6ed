"""Docker Distribution (Debian's docker-registry) as a peer started by the run."""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Final

from entrepot_benchmarks.load.wire import Origin
from entrepot_benchmarks.results.model import CaseInfo, TargetInfo
from entrepot_benchmarks.targets.base import RegistryTarget
from entrepot_benchmarks.targets.configuration import write_configuration
from entrepot_benchmarks.targets.process import ServerProcess, free_port, require
from entrepot_benchmarks.targets.stored import StoredData

__all__ = ["Distribution"]

SDKS: Final = ("AWS_", "AZURE_", "GOOGLE_")
"""Removed from its environment, because its options contain the credentials. A host keeps them for its driver."""


class Distribution(RegistryTarget):
    """``docker-registry serve`` below ``data``, with a driver that both support and entrepot's configuration.

    Raises BenchmarkError if the program is missing.
    """

    def __init__(
        self,
        name: str,
        driver: str,
        options: Mapping[str, object],
        data: Path,
        wanted: Callable[[CaseInfo], bool] = lambda case: True,
    ) -> None:
        program = require("docker-registry", "docker-registry")
        self._data = data
        self._stored = StoredData(driver, options)
        port = free_port()
        config = write_configuration(data, port, self._stored.section)
        self._process = ServerProcess([program, "serve", str(config)], port, data / "server.log", SDKS)
        detail = f"Docker Distribution (Debian package), on its {driver} driver"
        info = TargetInfo(name, "peer", driver, "docker-registry", _version(program), detail)
        super().__init__(info, Origin("127.0.0.1", port), self._process.family, wanted)

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Remove them from the storage with entrepot's driver."""
        self._stored.forget(repositories, digests)

    def gone(self) -> str | None:
        """Return how its process ended, or why it does not respond, or None."""
        return self._process.ended or super().gone()

    def close(self) -> None:
        """Stop it, and remove its configuration and log."""
        self._process.stop()
        shutil.rmtree(self._data, ignore_errors=True)


def _version(program: str) -> str:
    done = subprocess.run([program, "--version"], capture_output=True, text=True, check=False)
    found = re.search(r"\d+\.\d+[^\s,]*", done.stdout + done.stderr)
    return found[0] if found else ""
