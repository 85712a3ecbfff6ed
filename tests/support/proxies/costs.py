"""The number of requests per operation, compared with the table in a README."""

from __future__ import annotations

from pathlib import Path

from support.proxies.fault_proxy import FaultProxy

__all__ = ["Costs"]


class Costs:
    """Counts the requests of one operation after the other."""

    def __init__(self, proxy: FaultProxy, readme: Path) -> None:
        self._proxy = proxy
        self._table = readme.read_text()
        self.clear()

    def clear(self) -> None:
        """Reset the recorded requests."""
        self._proxy.clear()

    def cost(self, thing: str) -> int:
        """Return the number of requests since the last call. Raises AssertionError if the README states another one."""
        requests, count = self._proxy.requests, len(self._proxy.requests)
        self.clear()
        assert f"| {thing} | {count:,} |" in self._table, f"{thing}: {count}\n{requests}"
        return count
