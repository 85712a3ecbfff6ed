"""What notifications cost: entrepot with a webhook beside entrepot without."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from pathlib import Path

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.image import IMAGE_MANIFEST
from entrepot_benchmarks.load.payload import PayloadSource
from entrepot_benchmarks.measure import Aim, Measure, Sample
from entrepot_benchmarks.measures.images import image_rate
from entrepot_benchmarks.measures.small import Target, request_rate
from entrepot_benchmarks.seed import Seed
from entrepot_benchmarks.sizes import Sizes
from entrepot_benchmarks.targets.receiver import Receiver
from entrepot_benchmarks.targets.registry import Registry, entrepot
from entrepot_benchmarks.targets.storage import Files

__all__ = ["METHOD", "notified_rates"]

SUBJECT = "with a webhook"
PLAIN = "without"
PUSH_AIMS: Mapping[str, Aim] = {PLAIN: Aim("ratio", 0.9)}
PULL_AIMS: Mapping[str, Aim] = {PLAIN: Aim("ratio", 0.85)}

MOST_SECONDS = 600.0

METHOD: Sequence[str] = (
    "Each is a host of its own, with the same content: filesystem driver, granian, log level error, and the access log "
    "on, as by default, into a file. Both run at once and are loaded in turn within each round. Ratio (median) and "
    "spread (least to most) are of the rounds' own ratios, values are medians; more is better.",
    "The webhook is nginx, which answers 204; one event in each request, as by default. The events are told while the "
    "host is under load; before the other host's turn, and outside the timed part, all that wait are told.",
    "Manifests come from wrk: 16 connections, 2 threads.",
)


def notified_rates(data: Path, sizes: Sizes, stack: ExitStack, *, self_test: bool) -> Sequence[Measure]:
    """Start the hosts below ``data``, fill them, and measure images to them and manifests from them.

    ``self_test`` puts a second host without a webhook in the place of the other, so that each ratio should be 1.
    """
    payloads = PayloadSource(2**20)
    stack.callback(payloads.close)
    seed = Seed(payloads.make())
    receiver = Receiver(data / "receiver")
    stack.enter_context(receiver.process)
    outbox = data / "outbox"

    def start(name: str, folder: str, sections: Mapping[str, object] | None = None) -> Registry:
        registry = entrepot(data / folder, Files(data / folder / "tree"), sections=sections)
        registry.name = name
        stack.enter_context(registry.process)
        seed.sow(registry)
        return registry

    plain = start(PLAIN, "plain")
    endpoint = {"name": "bench", "url": receiver.url}
    told = {"notifications": {"outbox": {"path": str(outbox)}, "endpoints": [endpoint]}}
    subject = start(SUBJECT, "subject", None if self_test else told)
    wait = (lambda: None) if self_test else partial(_wait_until_told, outbox)
    targets = {
        one.name: Target(one.url(seed.manifest), {"Accept": IMAGE_MANIFEST}, one.process.cpu_seconds)
        for one in (subject, plain)
    }
    push = image_rate((subject, plain), images_per_client=sizes.images_per_client, aims={} if self_test else PUSH_AIMS)
    pull = request_rate(targets, "GET manifest by tag", seconds=sizes.seconds, aims={} if self_test else PULL_AIMS)
    return [_draining(measure, wait) for measure in (push, pull)]


def _draining(measure: Measure, wait: Callable[[], None]) -> Measure:
    def run(action: Callable[[], Sample]) -> Sample:
        sample = action()
        wait()
        return sample

    return replace(measure, runs={name: partial(run, action) for name, action in measure.runs.items()})


def _wait_until_told(outbox: Path) -> None:
    """Wait until nothing is pending; raises BenchmarkError where it takes too long."""
    deadline = time.monotonic() + MOST_SECONDS
    quiet = 0
    with closing(sqlite3.connect(outbox / "outbox.db")) as connection:
        while quiet < 3:
            quiet = 0 if _waits(outbox, connection) else quiet + 1
            if time.monotonic() > deadline:
                raise BenchmarkError(f"after {MOST_SECONDS:.0f} s events still wait for the webhook")
            time.sleep(0.3)


def _waits(outbox: Path, connection: sqlite3.Connection) -> bool:
    try:
        read = dict(connection.execute("SELECT name, read FROM journals"))
        pending = connection.execute("SELECT count(*) FROM deliveries WHERE state = 0").fetchone()[0]
    except sqlite3.OperationalError:  # the notifier, which makes the tables, is still on its way
        return True
    unread = sum(path.stat().st_size - read.get(path.name, 0) for path in (outbox / "journal").iterdir())
    return bool(pending or unread)
