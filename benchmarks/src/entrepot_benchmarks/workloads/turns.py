"""A turn: run concurrent clients, measure the server's CPU time and memory, and remove the pushed data."""

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
"""Returns the digests pushed by operation ``number`` of a client."""


def load(
    target: Target,
    clients: Sequence[Client],
    seconds: float,
    *,
    begun: Begun | None = None,
    least: int = 1,
    weigh: bool = False,
) -> Spell:
    """Run the clients and measure the server's CPU time, and with ``weigh`` its memory."""
    peak: list[int] = []
    known = target.family.known
    before = target.family.cpu_seconds() if known else 0.0

    def sample() -> None:
        if (memory := target.family.memory()) is not None:
            peak.append(memory)

    spell = run_clients(clients, seconds, begun=begun, least=least, watch=sample if known and weigh else None)
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
    """Like ``load``, and remove all data whose push to a repository was begun, even after an error."""
    begun = Begun(len(clients))

    def forget() -> None:
        with uninterrupted():
            digests = {digest for client, number in begun.operations() for digest in pushed(client, number)}
            target.forget([repository], sorted(digests))

    try:
        spell = load(target, clients, seconds, begun=begun, least=least, weigh=weigh)
    except BaseException:
        with suppress(BenchmarkError):  # the target tries again when it is closed, and reports failures then
            forget()
        raise
    forget()
    return spell
