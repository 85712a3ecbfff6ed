"""The replay of a trace as a workload."""

from __future__ import annotations

import math
from array import array
from collections.abc import Mapping, Sequence
from itertools import count
from pathlib import Path
from typing import Final

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.results.model import CaseInfo, Spell, spaced
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.trace.clients import Replayed, replay_together
from entrepot_benchmarks.trace.exchange import Exchange
from entrepot_benchmarks.trace.file import read_trace
from entrepot_benchmarks.trace.plan import Plan, plan_replay
from entrepot_benchmarks.trace.record import KINDS, Kind
from entrepot_benchmarks.trace.stage import Stage
from entrepot_benchmarks.workloads.names import EVERY_ROUND

__all__ = ["ALL_REQUESTS", "TraceReplay"]

ALL_REQUESTS: Final = "Trace, all requests"

_SENTENCES: Final[Mapping[Kind, str]] = {
    "HEAD manifest": "HEAD of a manifest by tag",
    "GET manifest": "GET of a manifest by tag",
    "PUT manifest": "PUT of a manifest by tag",
    "HEAD blob": "HEAD of a blob",
    "GET blob": "GET of a blob",
    "PUT blob": "push of a blob: POST, PATCH with the whole body, PUT",
    "GET tags": "list of the tags of a repository",
}


class TraceReplay:
    """Replays a file in repositories below ``run``, a unique prefix.

    ``speed`` follows the times of the trace, 2.0 twice as fast, and measures latencies from the scheduled times; None
    sends each request as soon as a client is idle. Raises BenchmarkError if the file is invalid or cannot be replayed.
    """

    def __init__(self, trace: Path, run: str, clients: Sequence[int] = (1, 4), *, speed: float | None = None) -> None:
        if speed is not None and not (speed > 0 and math.isfinite(speed)):
            raise BenchmarkError(f"invalid replay speed {speed}: expected a number above 0, such as 1 or 10")
        self._name = str(trace)
        self._speed = speed
        self._plan = plan_replay(read_trace(trace), self._name)
        self._stage = Stage(self._plan, run, self._name)
        self._turns = count(1)
        self.clients = clients
        self.most_rounds = EVERY_ROUND
        self.cases = _cases(self._plan, speed)

    def prepare(self, target: Target) -> None:
        """Push the initial content of the trace; again if the target has lost it."""
        self._stage.prepare(target)

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        """Replay the whole trace once, regardless of ``seconds``. Return spells by case name.

        The spell of a kind has the elapsed and CPU time of all requests, which are interleaved. Raises BenchmarkError
        with the line whose response was not the expected one.
        """
        del seconds
        places = self._stage.turn(next(self._turns))
        known = target.family.known
        try:
            self._stage.fill_turn(target, places)
            before = target.family.cpu_seconds() if known else 0.0
            replayed = replay_together(
                self._plan,
                lambda: Exchange(target.connect(), places),
                clients,
                name=self._name,
                speed=self._speed,
            )
            server_cpu = target.family.cpu_seconds() - before if known else None
        finally:
            self._stage.forget_turn(target, places)
        return _spells(replayed, server_cpu)

    def forget(self, target: Target) -> None:
        """Remove the initial content."""
        self._stage.forget(target)


def _cases(plan: Plan, speed: float | None) -> Sequence[CaseInfo]:
    pace = "as fast as possible" if speed is None else f"at {speed:g} times the speed of the trace"
    all_requests = f"the {len(plan.records)} requests of the trace, replayed {pace}"
    found = {record.kind for record in plan.records}
    cases = [CaseInfo(ALL_REQUESTS, "trace", "operations/s", all_requests)]
    cases += [
        CaseInfo(f"Trace, {kind}", "trace", "operations/s", f"{_SENTENCES[kind]}, among {all_requests}")
        for kind in KINDS
        if kind in found
    ]
    return cases


def _spells(replayed: Replayed, server_cpu: float | None) -> Mapping[str, Spell]:
    tallies = replayed.tallies.values()

    def spell(moved: int, latencies: Sequence[float]) -> Spell:
        return Spell(
            operations=len(latencies),
            bytes=moved,
            elapsed=replayed.elapsed,
            generator_cpu=replayed.cpu,
            server_cpu=server_cpu,
            latencies=spaced(latencies),
        )

    every = array("d", (value for tally in tallies for value in tally.latencies))
    spells = {ALL_REQUESTS: spell(sum(tally.bytes for tally in tallies), every)}
    for kind, tally in replayed.tallies.items():
        spells[f"Trace, {kind}"] = spell(tally.bytes, tally.latencies)
    return spells
