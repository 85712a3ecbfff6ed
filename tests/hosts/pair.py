"""Two hosts on one store, as used by a test."""

from __future__ import annotations

from dataclasses import dataclass

from support.services.registry import Registry
from support.wire import Wire

__all__ = ["Hosts"]


@dataclass(frozen=True)
class Hosts:
    """The registry as seen by its clients (``front``), and the two hosts behind it."""

    front: Registry
    a: Registry
    b: Registry

    @property
    def wire(self) -> Wire:
        """Requests through haproxy, which alternate between the hosts."""
        return self.front.wire

    @property
    def both(self) -> tuple[Registry, Registry]:
        """The two hosts."""
        return self.a, self.b
