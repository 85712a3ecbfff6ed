"""What can be loaded: the seam between workloads, which know HTTP alone, and the servers behind it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.results.model import CaseInfo, TargetInfo
from entrepot_benchmarks.targets.family import Family

__all__ = ["Target"]


class Target(Protocol):
    """A running server; every path is one below its ``/v2/``."""

    @property
    def info(self) -> TargetInfo:
        """Its name, kind and set-up."""

    @property
    def family(self) -> Family:
        """The processes of the server, where they are known."""

    def connect(self) -> Connection:
        """A new connection, which carries the credentials where there are any."""

    def takes(self, case: CaseInfo) -> bool:
        """Whether a case is measured here."""

    def push(self, repository: str, payload: Payload) -> None:
        """Push one blob whole: POST, PATCH with a Content-Length, PUT."""

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Remove repositories of this run, with blobs of this run, behind the server's back where that is possible.

        What is not there is passed over. Raises BenchmarkError where the backend cannot be reached.
        """

    def settle(self, refill: Callable[[], None]) -> None:
        """After each turn, outside the timed part: wait for what goes on in the background.

        A server that had to be started anew, and holds nothing of what was prepared, calls ``refill``.
        """

    def gone(self) -> str | None:
        """Why nothing more can be measured here, as where its process ended; None where it still answers."""

    def remains(self) -> Sequence[str]:
        """What could not be removed, in words for the person who has to."""

    def close(self) -> None:
        """End what was started, and remove what it kept outside of the storage."""
