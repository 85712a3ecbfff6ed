"""entrepot on any installed storage driver, in a separate process."""

from __future__ import annotations

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.wire import Origin
from entrepot_benchmarks.results.model import CaseInfo, TargetInfo
from entrepot_benchmarks.selection import Backend
from entrepot_benchmarks.targets.base import RegistryTarget
from entrepot_benchmarks.targets.configuration import write_configuration
from entrepot_benchmarks.targets.process import ServerProcess, free_port
from entrepot_benchmarks.targets.stored import StoredData
from entrepot_contract import Capabilities
from entrepot_contract.plugins import STORAGE, claims

__all__ = ["EntrepotHost"]

MAX_MEMORY: Final = 2 * 2**30
"""A host with in-memory storage is restarted above this memory usage, because its storage cannot be emptied."""


class EntrepotHost(RegistryTarget):
    """A host with its files below ``data``, which is removed on close; ``{tmp}`` in the backend's options is below it.

    - ``run`` is the prefix of all repositories of the run.
    - ``sections`` are further sections of the configuration, ``http`` further keys of its section ``http``.
    - ``headers`` are sent with every request; ``ca`` is the CA certificate of the host if ``http`` configures TLS.
    """

    def __init__(
        self,
        backend: Backend,
        data: Path,
        run: str,
        *,
        server: str = "auto",
        sections: Mapping[str, object] | None = None,
        headers: Mapping[str, str] | None = None,
        http: Mapping[str, object] | None = None,
        ca: Path | None = None,
        wanted: Callable[[CaseInfo], bool] = lambda case: True,
    ) -> None:
        self._data = data
        self._run = run
        self._stored = StoredData(backend.driver, backend.placed(data / "store"))
        with self._stored.opened() as driver:
            self._capabilities = driver.capabilities
        port = free_port()
        config = write_configuration(data, port, self._stored.section, sections, {"server": server, **(http or {})})
        self._command = [sys.executable, "-m", "entrepot", "serve", str(config)]
        self._process = ServerProcess(self._command, port, data / "server.log")
        info = _info(backend, self._capabilities, server)
        origin = Origin("127.0.0.1", port, ca is not None, headers or {}, ca)
        super().__init__(info, origin, self._process.family, wanted)

    def carry(self, headers: Mapping[str, str]) -> None:
        """Set the headers of all further requests, such as a token issued by the host itself."""
        self.origin = replace(self.origin, headers=headers)

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Remove them from the storage; in-memory storage is emptied by ``settle`` instead."""
        if self._capabilities.shared:
            self._stored.forget(repositories, digests)

    def settle(self, refill: Callable[[], None]) -> None:
        """Restart a host with in-memory storage that has become too large."""
        if not self._capabilities.shared and (self.family.memory() or 0) > MAX_MEMORY:
            self._process.stop()
            self._process = ServerProcess(self._command, self.origin.port, self._data / "server.log")
            self.family = self._process.family
            refill()

    def gone(self) -> str | None:
        """Return how its process ended, or why it or its storage does not respond, or None."""
        fault = self._process.ended or super().gone()
        if fault is not None or not self._capabilities.shared:
            return fault
        try:
            with self._stored.opened() as driver:
                health = driver.health()
        except BenchmarkError as error:
            return str(error)
        return None if health.ok else f"its storage is unhealthy: {health.detail}"

    def close(self) -> None:
        """Stop the host, and remove its configuration, its log, and the remaining data of the run."""
        self._process.stop()
        try:
            if self._capabilities.shared:
                self._stored.forget_run(self._run)
        finally:
            shutil.rmtree(self._data, ignore_errors=True)


def _info(backend: Backend, capabilities: Capabilities, server: str) -> TargetInfo:
    claim = next(claim for claim in claims(STORAGE) if claim.name == backend.driver)
    package, version = (claim.dist.name, claim.dist.version) if claim.dist is not None else ("", "")
    kept = "durable" if capabilities.durable else "not durable"
    shared = "shared by all hosts with the same storage" if capabilities.shared else "private to one process"
    return TargetInfo(
        backend.label,
        "backend",
        backend.driver,
        package,
        version,
        f"entrepot ({server} server) on the {backend.driver} driver: {kept}, {shared}",
        durable=capabilities.durable,
        shared=capabilities.shared,
    )
