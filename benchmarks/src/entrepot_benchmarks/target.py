"""The interface between workloads, which only use HTTP, and servers under load."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.results.model import CaseInfo, TargetInfo
from entrepot_benchmarks.targets.family import Family

__all__ = ["Target"]


class Target(Protocol):
    """A running server; every path is relative to its ``/v2/``."""

    @property
    def info(self) -> TargetInfo:
        """Name, kind and configuration."""

    @property
    def family(self) -> Family:
        """The processes of the server, if known."""

    def connect(self) -> Connection:
        """Open a connection, with credentials if there are any."""

    def takes(self, case: CaseInfo) -> bool:
        """Return whether a case is measured on this target."""

    def push(self, repository: str, payload: Payload) -> None:
        """Push a complete blob: POST, PATCH with a Content-Length, PUT."""

    def forget(self, repositories: Sequence[str], digests: Sequence[str]) -> None:
        """Remove repositories and blobs of this run, directly in the storage if possible.

        Missing ones are ignored. Raises BenchmarkError if the backend cannot be reached.
        """

    def settle(self, refill: Callable[[], None]) -> None:
        """Wait for background work. Called after each turn, outside the timed part.

        A target whose server had to be restarted and has lost the prepared data calls ``refill``.
        """

    def gone(self) -> str | None:
        """Return why the target can no longer be measured, such as an exited process, or None if it responds."""

    def remains(self) -> Sequence[str]:
        """Return descriptions of the data that could not be removed."""

    def close(self) -> None:
        """Stop the server, and remove its files outside of the storage."""
