"""A worker slot keeps waiting connections for the next worker, but not forever."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from entrepot_contract.toolkit import places
from entrepot_contract.toolkit.listening import SPREADS
from entrepot_contract.toolkit.places import Place, open_places

pytestmark = pytest.mark.skipif(not SPREADS, reason="only Linux distributes connections among sockets")


@pytest.fixture(params=["any port", "this port"])
def two(request: pytest.FixtureRequest) -> Iterator[list[Place]]:
    opened = open_places("127.0.0.1", 0, 2)
    if request.param == "this port":
        port = opened[0].listener.getsockname()[1]
        for place in opened:
            place.listener.close()
        opened = open_places("127.0.0.1", port, 2)
    yield opened
    for place in opened:
        place.listener.close()


def connect(place: Place, count: int, stack: ExitStack) -> list[socket.socket]:
    """Open connections to the address of a slot."""
    address = place.listener.getsockname()
    return [stack.enter_context(socket.create_connection(address, timeout=10)) for _ in range(count)]


def waiting(place: Place, stack: ExitStack) -> int:
    """Accept the waiting connections of a slot, and return their number."""
    place.listener.setblocking(False)
    count = 0
    try:
        while True:
            stack.enter_context(place.listener.accept()[0])
            count += 1
    except OSError:
        return count


def test_a_second_server_on_the_port_is_refused(two: list[Place]) -> None:
    with pytest.raises(OSError, match="in use"):
        open_places("127.0.0.1", two[0].listener.getsockname()[1], 2)


def test_every_slot_listens_on_all_interfaces() -> None:
    opened = open_places("", 0, 2)
    with ExitStack() as stack:
        for place in opened:
            stack.enter_context(place.listener)
        port = opened[0].listener.getsockname()[1]
        for host in ("127.0.0.1", "::1") if socket.has_dualstack_ipv6() else ("127.0.0.1",):
            for _ in range(40):
                stack.enter_context(socket.create_connection((host, port), timeout=10))
            counts = [waiting(place, stack) for place in opened]
            assert sum(counts) == 40
            assert min(counts) > 0


def test_accepted_connections_send_without_delay(two: list[Place]) -> None:
    with ExitStack() as stack:
        for place in two:
            while True:
                connect(place, 4, stack)
                place.listener.setblocking(False)
                try:
                    accepted = stack.enter_context(place.listener.accept()[0])
                except BlockingIOError:
                    continue
                break
            assert accepted.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY) != 0


def test_a_slot_that_stays_vacant_leaves_its_connections_to_others(
    two: list[Place], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(places, "_VACANT_SECONDS", 0.2)
    vacant, other = two
    with ExitStack() as stack:
        vacant.lost(100)
        connect(vacant, 40, stack)
        assert not vacant.refuse_if_vacant()
        time.sleep(0.3)
        kept = waiting(other, stack)
        assert 0 < kept < 40
        assert vacant.refuse_if_vacant()
        connect(vacant, 40, stack)
        assert waiting(other, stack) == 40
        vacant.listener.listen()
        connect(vacant, 40, stack)
        assert 0 < waiting(vacant, stack) < 40


def test_workers_that_die_early_are_restarted_with_increasing_delays() -> None:
    place = Place(socket.socket())
    with place.listener:
        delays = [place.lost(lived=1) for _ in range(8)]
        assert delays == [0, 0.5, 1, 2, 4, 5, 5, 5]
        assert place.lost(lived=60) == 0
