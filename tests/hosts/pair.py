"""Two hosts on one store, as a test sees them."""

from __future__ import annotations

from dataclasses import dataclass

from services.registry import Registry
from services.wire import Wire

__all__ = ["Hosts"]


@dataclass(frozen=True)
class Hosts:
    """The registry as its clients see it, ``front``, and the two hosts that answer for it."""

    front: Registry
    a: Registry
    b: Registry

    @property
    def wire(self) -> Wire:
        """Requests through haproxy: each lands on the next host."""
        return self.front.wire

    @property
    def both(self) -> tuple[Registry, Registry]:
        """The two hosts."""
        return self.a, self.b
