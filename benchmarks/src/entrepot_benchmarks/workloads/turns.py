"""A turn: clients that work at the same time, what it cost the server, and the removal of what they pushed."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from dataclasses import replace

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.interrupts import uninterrupted
from entrepot_benchmarks.load.clients import Begun, Client, run_clients
from entrepot_benchmarks.results.model import Spell
from entrepot_benchmarks.target import Target

__all__ = ["load", "load_and_forget"]

Pushed = Callable[[int, int], Iterable[str]]
"""The digests of what the operation of a client and a number pushes."""


def load(
    target: Target,
    clients: Sequence[Client],
    seconds: float,
    *,
    begun: Begun | None = None,
    least: int = 1,
    weigh: bool = False,
) -> Spell:
    """Run the clients, and tell what the server took meanwhile; with ``weigh`` its memory too."""
    peak: list[int] = []
    known = target.family.known
    before = target.family.cpu_seconds() if known else 0.0

    def look() -> None:
        if (memory := target.family.memory()) is not None:
            peak.append(memory)

    spell = run_clients(clients, seconds, begun=begun, least=least, watch=look if known and weigh else None)
    return replace(
        spell,
        server_cpu=max(0.0, target.family.cpu_seconds() - before) if known else None,
        peak_memory=max(peak, default=None),
    )


def load_and_forget(
    target: Target,
    clients: Sequence[Client],
    seconds: float,
    repository: str,
    pushed: Pushed,
    *,
    least: int = 1,
    weigh: bool = False,
) -> Spell:
    """Like ``load``, and remove all that was begun to be pushed into a repository, whatever happened."""
    begun = Begun(len(clients))

    def forget() -> None:
        with uninterrupted():
            digests = {digest for client, number in begun.operations() for digest in pushed(client, number)}
            target.forget([repository], sorted(digests))

    try:
        spell = load(target, clients, seconds, begun=begun, least=least, weigh=weigh)
    except BaseException:
        with suppress(BenchmarkError):  # the target tries again when it is closed, and then it tells
            forget()
        raise
    forget()
    return spell
