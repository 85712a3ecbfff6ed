"""All targets that can be started on a machine with the test programs: backends, and other registries as peers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import Final

from performance.targets.distribution import Distribution
from performance.targets.limits import BareLoop, Nginx, takes_direct_writes
from support.services import azurite, ceph
from support.services.gcs import Gcs
from support.services.process import ServiceError
from support.services.programs import installed
from support.services.s3 import s3_options

from entrepot_benchmarks.bench import Opening
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.model import CaseInfo
from entrepot_benchmarks.selection import Backend, parse_backend
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.targets.host import EntrepotHost
from entrepot_benchmarks.targets.process import require
from entrepot_benchmarks.workloads.standard import BARE_PULL, BARE_PUSH

__all__ = ["Lab"]

SERVED: Final = ("s3", "azure", "gcs")


class Lab:
    """Starts targets with data below ``data``; ``stack`` stops the servers that they need."""

    def __init__(self, data: Path, run: str, stack: ExitStack) -> None:
        self._data = data
        self._run = run
        self._stack = stack
        self.backends: list[Backend] = []
        self._starters: Mapping[str, Callable[[], Mapping[str, object]]] = {
            "s3": self._s3,
            "azure": self._azure,
            "gcs": self._gcs,
        }
        self._options: dict[str, Mapping[str, object]] = {}

    def openings(self, wanted: Callable[[str], bool], *, limits: bool) -> list[Opening]:
        """Return the targets whose names are wanted, and with ``limits`` the upper limits.

        Raises BenchmarkError if no name is wanted; the message lists all names.
        """
        every: dict[str, Callable[[], Target]] = {
            "filesystem": partial(self._host, "filesystem", all_cases),
            "docker-registry": self._distribution,
            "inmemory": partial(self._host, "inmemory", not_bare),
            "s3": partial(self._host, "s3", not_bare),
            "docker-registry (s3)": self._distribution_on_s3,
            "azure": partial(self._host, "azure", not_large),
            "gcs": partial(self._host, "gcs", not_large),
        }
        found = [Opening(name, start) for name, start in every.items() if wanted(name)]
        if not found:
            raise BenchmarkError(f"no target matches; available: {'; '.join(every)}")
        if limits:
            found.append(Opening("nginx", lambda: Nginx(self._data / "nginx", BARE_PULL)))
            found.append(Opening("bare loop, cached writes", lambda: self._bare("cached")))
            if takes_direct_writes(self._data):
                found.append(Opening("bare loop, direct writes", lambda: self._bare("direct")))
        return found

    def _host(self, name: str, takes: Callable[[CaseInfo], bool]) -> Target:
        backend = Backend(name, name, self._served(name)) if name in SERVED else parse_backend(name)
        host = EntrepotHost(backend, self._data / f"host-{name}", self._run, wanted=takes)
        self.backends.append(backend)
        return host

    def _distribution(self) -> Target:
        folder = self._data / "distribution"
        options = {"rootdirectory": str(folder / "tree")}
        return Distribution("docker-registry", "filesystem", options, folder)

    def _distribution_on_s3(self) -> Target:
        require("docker-registry", "docker-registry")
        options = {**self._served("s3"), "rootdirectory": "/distribution"}
        return Distribution("docker-registry (s3)", "s3", options, self._data / "distribution-s3", not_bare)

    def _bare(self, mode: str) -> Target:
        return BareLoop(self._data / f"bare-{mode}", BARE_PUSH, "cached" if mode == "cached" else "direct")

    def _served(self, name: str) -> Mapping[str, object]:
        """Return the options of a driver, and start its server on the first call."""
        if name not in self._options:
            try:
                self._options[name] = self._starters[name]()
            except ServiceError as error:
                raise BenchmarkError(str(error)) from error
        return self._options[name]

    def _s3(self) -> Mapping[str, object]:
        for program in ceph.PROGRAMS:
            require(program, program)
        server = self._stack.enter_context(ceph.Ceph(self._data / "ceph", size=100 * 2**30))
        return s3_options(server, bucket="bench") | {"secure": False, "rootdirectory": "/entrepot"}

    def _azure(self) -> Mapping[str, object]:
        if not installed(azurite.PROGRAM):
            raise BenchmarkError(f"the program {azurite.PROGRAM!r} is missing: install it with .ci/programs")
        server = self._stack.enter_context(azurite.Azurite(self._data / "azurite"))
        return server.options(server.container("bench"))

    def _gcs(self) -> Mapping[str, object]:
        gcs = self._stack.enter_context(Gcs(self._data / "gcs"))
        return {"bucket": gcs.bucket("bench"), "endpoint": gcs.endpoint}


def all_cases(case: CaseInfo) -> bool:
    """Accept every case."""
    return True


def not_large(case: CaseInfo) -> bool:
    """Accept cases without blobs of 100 MiB, which take as long as everything else on emulators."""
    return not_bare(case) and "100MB" not in case.name


def not_bare(case: CaseInfo) -> bool:
    """Accept cases without blobs of 256 MiB, which measure the host and its disk rather than a backend."""
    return case.name not in (BARE_PULL, BARE_PUSH)
