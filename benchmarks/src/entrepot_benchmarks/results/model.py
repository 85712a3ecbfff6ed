"""The data model of a run, shared by all readers and writers of results."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from statistics import median
from typing import Final, Literal

__all__ = [
    "CaseInfo",
    "Ceiling",
    "Estimate",
    "OperationCost",
    "PriceTable",
    "Run",
    "Series",
    "Spell",
    "TargetInfo",
    "spaced",
]

_MAX_LATENCIES: Final = 200

Unit = Literal["MB/s", "operations/s"]
Group = Literal["push", "pull", "small", "images", "mixed"]
Kind = Literal["backend", "peer", "limit"]


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """A benchmark case. If zot's ``zb`` has the same case, ``name`` is its name there.

    - ``unit``: MB are 10^6 bytes.
    - ``sentence`` describes one operation.
    """

    name: str
    group: Group
    unit: Unit
    sentence: str


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """A server under load.

    - ``backend``: entrepot on a storage driver; ``peer``: another registry; ``limit``: an upper limit for every
      registry, such as nginx for pulls, or a bare loop that receives, hashes and writes.
    - ``package`` and ``version`` are those of the driver's package, or of the peer; "" if unknown.
    - ``detail``: a description of the configuration, without secrets.
    - ``durable`` and ``shared``: the driver's capabilities; None if unknown, as for a peer.
    """

    name: str
    kind: Kind
    driver: str = ""
    package: str = ""
    version: str = ""
    detail: str = ""
    durable: bool | None = None
    shared: bool | None = None


@dataclass(frozen=True, slots=True)
class Spell:
    """One turn of one target in one round; times are in seconds, sizes in bytes.

    - ``generator_cpu`` and ``server_cpu``: CPU time of the load generator, and of all processes of the server; None if
      these processes are unknown, such as those of a peer on another machine.
    - ``peak_memory``: the maximum total PSS of the server's processes; None if it was not measured.
    - ``latencies``: durations of operations in ascending order: all, or 200 evenly spaced ones.
    """

    operations: int
    bytes: int
    elapsed: float
    generator_cpu: float
    server_cpu: float | None = None
    peak_memory: int | None = None
    latencies: tuple[float, ...] = ()


def spaced(latencies: Iterable[float]) -> tuple[float, ...]:
    """Sort latencies and reduce them to the number kept in a spell, including minimum and maximum."""
    ordered = sorted(latencies)
    if len(ordered) <= _MAX_LATENCIES:
        return tuple(ordered)
    step = (len(ordered) - 1) / (_MAX_LATENCIES - 1)
    return tuple(ordered[round(number * step)] for number in range(_MAX_LATENCIES))


@dataclass(slots=True)
class Series:
    """The spells of one case with one number of clients on one target, in the order of the rounds.

    ``failed`` is the reason if the series ended early.
    """

    case: str
    clients: int
    target: str
    spells: list[Spell] = field(default_factory=list)
    failed: str | None = None

    def values(self, unit: Unit) -> list[float]:
        """Return the rate of every spell."""
        if unit == "MB/s":
            return [spell.bytes / spell.elapsed / 1e6 for spell in self.spells]
        return [spell.operations / spell.elapsed for spell in self.spells]

    def latency(self, share: float) -> float:
        """Return a latency percentile in seconds, such as 0.99."""
        merged = sorted(value for spell in self.spells for value in spell.latencies)
        return merged[min(len(merged) - 1, int(share * len(merged)))]

    @property
    def generator_cores(self) -> float:
        """The number of cores used by the load generator, as the median of the spells."""
        return median(spell.generator_cpu / spell.elapsed for spell in self.spells)


@dataclass(slots=True)
class Ceiling:
    """The throughput of this machine without a registry, measured in each round, in MB/s.

    - ``sha256``: hashing on one core.
    - ``loopback``: one process sending to another over loopback, with the generator's code.
    """

    sha256: list[float] = field(default_factory=list)
    loopback: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OperationCost:
    """The cost of one client operation in driver calls and in requests sent by the driver.

    - ``calls``: by verb, such as ``{"put": 2, "stat": 1}``.
    - ``requests``: by HTTP method and kind, such as ``{"PUT": 2, "GET list": 1}``; None if the driver does not use
      ``http.client``, so that they cannot be counted.
    - ``bytes_out``: bytes sent from the backend to the host.
    """

    target: str
    operation: str
    calls: Mapping[str, int]
    requests: Mapping[str, int] | None
    bytes_out: int = 0


@dataclass(frozen=True, slots=True)
class PriceTable:
    """The price table that an estimate is based on, as supplied by the user."""

    name: str
    date: str
    source: str
    currency: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """The cost of the requests of a million operations, based on a price table."""

    target: str
    operation: str
    amount: float
    table: PriceTable


@dataclass(slots=True)
class Run:
    """A complete run, with everything that reports need.

    ``partial`` is the reason if the run is incomplete, or None.
    """

    started: datetime
    command: str
    rounds: int
    machine: Mapping[str, str]
    cases: list[CaseInfo]
    targets: list[TargetInfo]
    series: list[Series] = field(default_factory=list)
    ceiling: Ceiling = field(default_factory=Ceiling)
    costs: list[OperationCost] = field(default_factory=list)
    estimates: list[Estimate] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    seconds: float = 0.0
    partial: str | None = None

    def case(self, name: str) -> CaseInfo:
        """Return a case by name."""
        return next(case for case in self.cases if case.name == name)

    def find(self, case: str, clients: int, target: str) -> Series | None:
        """Return a series, or None if it was not measured."""
        for series in self.series:
            if (series.case, series.clients, series.target) == (case, clients, target) and series.spells:
                return series
        return None

    def ratios(self, ours: Series, theirs: Series) -> Sequence[float]:
        """Return the ratios of ours to theirs, round by round, because within a round both have the same conditions."""
        unit = self.case(ours.case).unit
        return [one / other for one, other in zip(ours.values(unit), theirs.values(unit), strict=False)]
