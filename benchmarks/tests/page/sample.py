"""A realistic run, generated from seeded random numbers: six targets, ten cases, five rounds."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

from entrepot_benchmarks.results.model import (
    CaseInfo,
    Ceiling,
    Estimate,
    OperationCost,
    PriceTable,
    Run,
    Series,
    Spell,
    TargetInfo,
)

MB = 10**6

TARGETS = [
    TargetInfo("filesystem", "backend", "filesystem", "entrepot-storage-fs", "0.1.0", "a local disk", True, False),
    TargetInfo("s3", "backend", "s3", "entrepot-storage-s3", "0.1.0", "a bucket of a local gateway", True, True),
    TargetInfo("azure", "backend", "azure", "entrepot-storage-azure", "0.1.0", "a local emulator", True, True),
    TargetInfo(
        "inmemory", "backend", "inmemory", "entrepot-storage-memory", "0.1.0", "memory of one process", False, False
    ),
    TargetInfo("docker-registry", "peer", "filesystem", "docker-registry", "2.8.2", "the same disk"),
    TargetInfo("nginx", "limit", "", "nginx", "1.26.3", "serves the same file with sendfile"),
]

CASES = [
    *(
        CaseInfo(f"Push Monolith {size}MB", "push", "MB/s", f"One blob of {size} MB in a single request.")
        for size in (1, 100)
    ),
    CaseInfo("Push Chunk Streamed 100MB", "push", "MB/s", "One blob of 100 MB in chunks."),
    *(CaseInfo(f"Pull {size}MB", "pull", "MB/s", f"One blob of {size} MB, whole.") for size in (1, 100)),
    CaseInfo("Pull 100MB cold", "pull", "MB/s", "One blob of 100 MB that is not in the page cache."),
    CaseInfo("Get Manifest by tag", "small", "operations/s", "A manifest, by its tag."),
    CaseInfo("List Tags", "small", "operations/s", "A hundred tags of one repository."),
    CaseInfo("Push small image", "images", "operations/s", "Four layers of 10 kB, a configuration and a manifest."),
    CaseInfo("Pull Mixed 20% 1MB, 70% 10MB, 10% 100MB", "mixed", "MB/s", "Blobs of three sizes, at random."),
]

CLIENTS = (1, 4, 16)
SPEED = {"filesystem": 1.0, "s3": 0.42, "azure": 0.4, "inmemory": 1.35, "docker-registry": 0.45, "nginx": 1.6}
SCALING = {"filesystem": 0.25, "s3": 0.62, "azure": 0.58, "inmemory": 0.22, "docker-registry": 0.35, "nginx": 0.2}
RATE = {"push": 600.0, "pull": 1500.0, "small": 5000.0, "images": 90.0, "mixed": 1200.0}
SIZES = {"1MB": MB, "10MB": 10 * MB, "100MB": 100 * MB}


def sample_run(seed: int = 7, rounds: int = 5) -> Run:
    """Return the run for a seed; one series failed half-way, and one immediately."""
    random = Random(seed)  # noqa: S311 - not a secret
    run = Run(
        started=datetime(2026, 3, 4, 15, 6, 7, tzinfo=UTC),
        command="entrepot bench --backend filesystem --backend s3 --peer docker-registry --rounds 5",
        rounds=rounds,
        machine={
            "CPU": "A processor of 2.6 GHz",
            "cores": "4",
            "memory": "16 GiB",
            "kernel": "6.12",
            "file system": "ext4",
            "Python": "CPython 3.11.2",
            "entrepot": "0.1.0",
        },
        cases=list(CASES),
        targets=list(TARGETS),
        ceiling=Ceiling(
            [random.gauss(1480, 20) for _ in range(rounds)], [random.gauss(3900, 90) for _ in range(rounds)]
        ),
        notes=[
            "Every target is loaded in turn within each round, in an order that changes from round to round.",
            "What was pushed is deleted after each turn, outside the timed part.",
        ],
        seconds=1534.0,
    )
    run.series = [
        _series(random, case, clients, target.name, rounds)
        for case in CASES
        for clients in CLIENTS
        for target in TARGETS
        if target.kind != "limit" or case.group == "pull"
    ]
    _break(run)
    run.costs = _costs()
    run.estimates = _estimates()
    return run


def _series(random: Random, case: CaseInfo, clients: int, target: str, rounds: int) -> Series:
    size = next((size for name, size in sorted(SIZES.items(), reverse=True) if case.name.endswith(f" {name}")), 10_000)
    size = 100 * MB if "cold" in case.name else size
    size = 10 * MB if case.group == "mixed" else size
    rate = RATE[case.group] * SPEED[target] * clients ** SCALING[target] * random.uniform(0.85, 1.15)
    per_second = rate * MB / size if case.unit == "MB/s" else rate
    spells = []
    for _ in range(rounds):
        achieved = per_second * random.gauss(1, 0.03)
        operations = max(clients, round(achieved * 2))
        elapsed = operations / achieved
        typical = clients / achieved
        latencies = tuple(sorted(typical * 0.9 * random.lognormvariate(0, 0.35) for _ in range(min(200, operations))))
        share = 0.55 if case.unit == "MB/s" else 1.4
        spells.append(
            Spell(
                operations=operations,
                bytes=operations * size,
                elapsed=elapsed,
                generator_cpu=elapsed * min(2.9, share * clients**0.25 * random.uniform(0.9, 1.1)),
                server_cpu=elapsed * min(2.0, 0.8 * clients**0.3) * random.uniform(0.9, 1.1),
                peak_memory=int((60 + 14 * clients) * 2**20 * random.uniform(0.9, 1.2) / SPEED[target] ** 0.5),
                latencies=latencies,
            )
        )
    return Series(case.name, clients, target, spells)


def _break(run: Run) -> None:
    broken = run.find("Push Monolith 100MB", 16, "azure")
    gone = run.find("Get Manifest by tag", 16, "s3")
    assert broken is not None
    assert gone is not None
    broken.failed = "PUT of a blob was answered 503: the emulator took no more connections."
    del broken.spells[3:]
    gone.failed = "GET of a manifest was answered 404."
    gone.spells.clear()


def _costs() -> list[OperationCost]:
    return [
        OperationCost("filesystem", "push", {"put": 4, "upload_append": 3, "upload_commit": 3, "stat": 4}, None),
        OperationCost("filesystem", "pull", {"read": 4, "stat": 3}, None, 30 * MB),
        OperationCost("s3", "push", {"put": 4, "stat": 4}, {"PUT": 9, "POST": 6, "HEAD": 5, "GET list": 2}),
        OperationCost("s3", "pull", {"read": 4, "stat": 3}, {"GET": 4, "HEAD": 3}, 30 * MB),
        OperationCost("azure", "push", {"put": 4, "stat": 4}, {"PUT": 13, "HEAD": 6, "GET list": 1}),
        OperationCost("azure", "pull", {"read": 4, "stat": 3}, {"GET": 4, "HEAD": 3}, 30 * MB),
    ]


def _estimates() -> list[Estimate]:
    table = PriceTable("prices.yml", "2026-02-01", "the provider's price list, region north", "USD")
    amounts = {("s3", "push"): 93.5, ("s3", "pull"): 2.8, ("azure", "push"): 81.25, ("azure", "pull"): 3.1}
    return [Estimate(target, operation, amount, table) for (target, operation), amount in amounts.items()]
