"""What can be loaded: the seam between workloads, which know HTTP alone, and the servers behind it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.results.model import CaseInfo, TargetInfo

__all__ = ["Target"]


class Target(Protocol):
    """A running server; every path is one below its ``/v2/``."""

    @property
    def info(self) -> TargetInfo:
        """Its name, kind and set-up."""

    def connect(self) -> Connection:
        """A new connection, which carries the credentials where there are any."""

    def takes(self, case: CaseInfo) -> bool:
        """Whether a case is measured here."""

    def pids(self) -> Sequence[int] | None:
        """The processes of the server, or None where nobody can tell."""

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Remove repositories of this run, with blobs of this run, behind the server's back where that is possible.

        What is not there is passed over. Raises BenchmarkError where something has to stay, with what and why.
        """
