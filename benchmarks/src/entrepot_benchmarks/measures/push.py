"""Pushes of large blobs: how fast, and in how much memory."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import Protocol

from entrepot_benchmarks.load.payload import Payload, PayloadSource
from entrepot_benchmarks.load.streams import Spell, run_together
from entrepot_benchmarks.measure import Aim, Measure, Row, Sample
from entrepot_benchmarks.targets.memory import PeakMemory
from entrepot_benchmarks.targets.process import ServerProcess

__all__ = ["Receiver", "memory_of_pushes", "push_throughput"]


class Receiver(Protocol):
    """What can be pushed to."""

    @property
    def name(self) -> str: ...
    @property
    def process(self) -> ServerProcess: ...

    def push(self, repository: str, payload: Payload) -> None:
        """Push one blob whole."""

    def forget(self, repository: str, digests: list[str]) -> None:
        """Take the repository and its blobs off the disk."""


def push_throughput(
    receivers: Sequence[Receiver], source: PayloadSource, *, streams: int, aims: Mapping[str, Aim]
) -> Measure:
    """Megabytes a second of ``streams`` pushes at once, the last answer included."""
    blobs = f"{source.size >> 20} MiB"
    title = f"push {blobs}, one stream" if streams == 1 else f"push {streams} x {blobs}, {streams} streams"
    runs = {receiver.name: partial(_throughput, receiver, source, streams) for receiver in receivers}
    return Measure((Row(title, "MB/s", aims),), runs)


def memory_of_pushes(
    receivers: Sequence[Receiver], source: PayloadSource, *, streams: int, most_rounds: int, aims: Mapping[str, Aim]
) -> Measure:
    """The peak memory, in MB, of all processes of the server while ``streams`` pushes run."""
    load = f"{streams} pushes of {source.size >> 20} MiB at once"
    rows = (Row(f"peak memory (PSS), {load}", "MB", aims), Row(f"peak memory (RSS), {load}", "MB"))
    runs = {receiver.name: partial(_memory, receiver, source, streams) for receiver in receivers}
    return Measure(rows, runs, most_rounds=most_rounds)


def _throughput(receiver: Receiver, source: PayloadSource, streams: int) -> Sample:
    spell = _push(receiver, source, streams)
    return Sample((streams * source.size / spell.elapsed / 1e6,), spell.cpu / spell.elapsed)


def _memory(receiver: Receiver, source: PayloadSource, streams: int) -> Sample:
    peak = PeakMemory(lambda: receiver.process.pids)
    peak.look()
    spell = _push(receiver, source, streams, watch=peak.look)
    return Sample((peak.pss / 1e6, peak.rss / 1e6), spell.cpu / spell.elapsed)


def _push(receiver: Receiver, source: PayloadSource, streams: int, watch: Callable[[], None] | None = None) -> Spell:
    repository = f"bench/{uuid.uuid4().hex}"
    payloads = [source.make() for _ in range(streams)]
    spell = run_together([partial(receiver.push, repository, payload) for payload in payloads], watch=watch)
    receiver.forget(repository, [payload.digest for payload in payloads])
    return spell
