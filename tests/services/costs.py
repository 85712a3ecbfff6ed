"""What a thing costs in requests on the wire, held against the table of a README."""

from __future__ import annotations

from pathlib import Path

from services.fault_proxy import FaultProxy

__all__ = ["Costs"]


class Costs:
    """Counts the requests of one thing after the other."""

    def __init__(self, proxy: FaultProxy, readme: Path) -> None:
        self._proxy = proxy
        self._table = readme.read_text()
        self.clear()

    def clear(self) -> None:
        """Forget the requests so far."""
        self._proxy.clear()

    def cost(self, thing: str) -> int:
        """The requests since the last call; raises where the README says another number for ``thing``."""
        requests, count = self._proxy.requests, len(self._proxy.requests)
        self.clear()
        assert f"| {thing} | {count:,} |" in self._table, f"{thing}: {count}\n{requests}"
        return count
