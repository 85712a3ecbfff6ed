from __future__ import annotations

import threading
import time
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot_benchmarks.trace.order import Order, depends
from entrepot_benchmarks.trace.parsing import parse_record
from entrepot_benchmarks.trace.record import Record


def record(text: str) -> Record:
    return parse_record(f"0 {text}")


@pytest.mark.parametrize(
    ("earlier", "later", "waits"),
    [
        ("PUT blob app a 100", "GET blob app a 100", True),
        ("PUT blob app a 100", "GET blob app b 100", False),
        ("PUT blob app a 100", "GET blob other a 100", False),
        ("HEAD blob app a absent", "PUT blob app a 100", True),
        ("GET blob app a 100", "HEAD blob app a 100", False),
        ("PUT manifest app a 900", "GET manifest app a 900", True),
        ("GET manifest app a 900", "PUT manifest app a 900", True),
        ("PUT manifest app a 900", "PUT manifest app a 900", True),
        ("PUT manifest app a 900", "GET manifest app b 900", False),
        ("PUT manifest app a 900", "GET blob app a 100", False),
        ("PUT blob app a 100", "PUT manifest app v1 900 b,a", True),
        ("PUT blob app a 100", "PUT manifest app v1 900 b", False),
        ("PUT blob app a 100", "PUT manifest app a 900 b", False),
        ("PUT blob other a 100", "PUT manifest app v1 900 b,a", False),
        ("PUT manifest app a 900", "GET tags app - -", True),
        ("GET tags app - -", "PUT manifest app a 900", True),
        ("GET tags app - -", "GET tags app - -", False),
        ("PUT blob app a 100", "GET tags app - -", False),
    ],
)
def test_dependencies_between_requests(earlier: str, later: str, waits: bool) -> None:
    assert depends(record(later), record(earlier)) is waits


LINES = st.sampled_from(
    [
        *(f"{kind} blob {name} a 100" for kind in ("PUT", "GET") for name in ("app", "other")),
        *(f"{kind} manifest app {tag} 900" for kind in ("PUT", "GET") for tag in ("v1", "v2")),
        "PUT manifest app v3 900 a",
        "GET tags app - -",
    ]
)


@settings(deadline=None, max_examples=30)
@given(st.lists(LINES, max_size=60), st.integers(1, 5), st.integers())
def test_no_request_overtakes_a_dependency(lines: list[str], clients: int, seed: int) -> None:
    records = [record(line) for line in lines]
    order = Order(records, clients)
    events: list[tuple[str, int]] = []

    def work(client: int) -> None:
        random = Random(seed + client)  # noqa: S311 - not a secret
        while (index := order.take(client)) is not None:
            assert order.await_turn(index)
            events.append(("sent", index))
            time.sleep(random.random() * 0.001)
            events.append(("answered", index))

    threads = [threading.Thread(target=work, args=(client,)) for client in range(clients)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    when = {event: place for place, event in enumerate(events)}
    assert len(when) == 2 * len(records), "each request is sent once"
    for later in range(len(records)):
        for earlier in range(later):
            if depends(records[later], records[earlier]):
                assert when["answered", earlier] < when["sent", later]


def test_stop_releases_a_client_that_waits_for_another() -> None:
    order = Order([record("PUT blob app a 100"), record("GET blob app a 100")], 2)
    assert order.take(0) == 0
    assert order.take(1) == 1
    threading.Timer(0.05, order.stop).start()
    assert not order.await_turn(1)
    assert order.take(0) is None
