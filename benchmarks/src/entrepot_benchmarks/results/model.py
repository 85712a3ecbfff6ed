"""What a run has measured: plain values, which every writer and reader of results shares."""

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

_MOST_LATENCIES: Final = 200

Unit = Literal["MB/s", "operations/s"]
Group = Literal["push", "pull", "small", "images", "mixed", "trace"]
Kind = Literal["backend", "peer", "limit"]


@dataclass(frozen=True, slots=True)
class CaseInfo:
    """One thing that is measured. Where zot's ``zb`` has the same case, ``name`` is its name there.

    - ``unit``: MB are 10^6 bytes.
    - ``sentence`` says what one operation is, for a person who does not know zb.
    """

    name: str
    group: Group
    unit: Unit
    sentence: str


@dataclass(frozen=True, slots=True)
class TargetInfo:
    """What was loaded.

    - ``backend``: entrepot on a storage driver; ``peer``: another registry; ``limit``: what bounds every registry, such
      as nginx for pulls, or a bare loop that receives, hashes and writes.
    - ``package`` and ``version`` are those of the driver's package, or of the peer; "" where nobody can tell.
    - ``detail``: how it is set up, in words and without any secret.
    - ``durable`` and ``shared``: what its driver claims to be, as in the contract's capabilities; None where nobody can
      tell, as of a peer.
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

    - ``generator_cpu`` and ``server_cpu``: processor time of the load generator, and of all processes of the server;
      None where the server's processes are not known, as those of a peer on another machine.
    - ``peak_memory``: the highest sum of PSS over the server's processes; None where it was not looked at.
    - ``latencies``: what operations took, in ascending order: all of them, or 200 evenly spaced ones.
    """

    operations: int
    bytes: int
    elapsed: float
    generator_cpu: float
    server_cpu: float | None = None
    peak_memory: int | None = None
    latencies: tuple[float, ...] = ()


def spaced(latencies: Iterable[float]) -> tuple[float, ...]:
    """Latencies as a spell keeps them, the least and the most among them."""
    ordered = sorted(latencies)
    if len(ordered) <= _MOST_LATENCIES:
        return tuple(ordered)
    step = (len(ordered) - 1) / (_MOST_LATENCIES - 1)
    return tuple(ordered[round(number * step)] for number in range(_MOST_LATENCIES))


@dataclass(slots=True)
class Series:
    """The spells of one case, with so many clients at once, on one target; in the order of the rounds.

    ``failed`` says why there are no more of them, where it broke off.
    """

    case: str
    clients: int
    target: str
    spells: list[Spell] = field(default_factory=list)
    failed: str | None = None

    def values(self, unit: Unit) -> list[float]:
        """The rate of every spell."""
        if unit == "MB/s":
            return [spell.bytes / spell.elapsed / 1e6 for spell in self.spells]
        return [spell.operations / spell.elapsed for spell in self.spells]

    def latency(self, share: float) -> float:
        """The seconds within which that share of all operations ended, such as 0.99."""
        merged = sorted(value for spell in self.spells for value in spell.latencies)
        return merged[min(len(merged) - 1, int(share * len(merged)))]

    @property
    def generator_cores(self) -> float:
        """How many cores the load generator took, as the median of the spells."""
        return median(spell.generator_cpu / spell.elapsed for spell in self.spells)


@dataclass(slots=True)
class Ceiling:
    """What this machine does without any registry, measured in each round, in MB/s.

    - ``sha256``: one core that hashes.
    - ``loopback``: one process that sends to another over loopback, as the generator does.
    """

    sha256: list[float] = field(default_factory=list)
    loopback: list[float] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class OperationCost:
    """What one operation of a client costs in calls of the driver, and in requests of the driver on the wire.

    - ``calls``: by the driver's verb, such as ``{"put": 2, "stat": 1}``.
    - ``requests``: by the HTTP method and kind, such as ``{"PUT": 2, "GET list": 1}``; None where the driver speaks no
      HTTP through Python's own client, so that nobody can count.
    - ``bytes_out``: bytes that the backend sent to the host for it.
    """

    target: str
    operation: str
    calls: Mapping[str, int]
    requests: Mapping[str, int] | None
    bytes_out: int = 0


@dataclass(frozen=True, slots=True)
class PriceTable:
    """Which prices an estimate stands on; none of them is a truth of this package."""

    name: str
    date: str
    source: str
    currency: str


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a million operations cost in requests to the backend, by the prices of a table."""

    target: str
    operation: str
    amount: float
    table: PriceTable


@dataclass(slots=True)
class Run:
    """A whole run; what it holds is enough for every report.

    ``partial`` says why it ended before its end, or is None.
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
        """The case of a name."""
        return next(case for case in self.cases if case.name == name)

    def find(self, case: str, clients: int, target: str) -> Series | None:
        """A series, or None where it was not measured."""
        for series in self.series:
            if (series.case, series.clients, series.target) == (case, clients, target) and series.spells:
                return series
        return None

    def ratios(self, ours: Series, theirs: Series) -> Sequence[float]:
        """Ours to theirs, round by round: within a round both met the same machine."""
        unit = self.case(ours.case).unit
        return [one / other for one, other in zip(ours.values(unit), theirs.values(unit), strict=False)]
