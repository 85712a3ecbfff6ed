"""Concurrent upload of parts: order, limits and failures."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot_contract.toolkit.parts import PartSender


@pytest.fixture
def sender() -> Iterator[PartSender]:
    made = PartSender(3, "parts")
    yield made
    made.close()


@given(chunks=st.lists(st.binary(max_size=50), max_size=20), head=st.binary(max_size=50), size=st.integers(1, 60))
def test_parts_and_rest_are_the_head_and_the_body_in_order(chunks: list[bytes], head: bytes, size: int) -> None:
    sender = PartSender(3, "parts")
    parts, rest = sender.send(chunks, size, lambda index, part: (index, bytes(part)), head=head)
    sender.close()
    assert [index for index, _ in parts] == list(range(len(parts)))
    assert all(len(part) == size for _, part in parts)
    assert len(rest) < size
    assert b"".join(part for _, part in parts) + rest == head + b"".join(chunks)


def test_parts_are_sent_while_the_body_is_received(sender: PartSender) -> None:
    first_sent = threading.Event()

    def body() -> Iterator[bytes]:
        yield b"12"
        assert first_sent.wait(10)
        yield b"34"

    sender.send(body(), 2, lambda _index, _part: first_sent.set())


def test_threads_are_bounded_whatever_the_number_of_appends(sender: PartSender) -> None:
    at_once, most, lock = set[int](), 0, threading.Lock()

    def put(_index: int, _part: bytearray) -> None:
        nonlocal most
        with lock:
            at_once.add(threading.get_ident())
            most = max(most, len(at_once))
        time.sleep(0.01)
        with lock:
            at_once.discard(threading.get_ident())

    appends = [threading.Thread(target=sender.send, args=([b"x" * 20], 1, put)) for _ in range(4)]
    for append in appends:
        append.start()
    for append in appends:
        append.join()
    assert 1 < most <= 3 + len(appends)


def test_a_failure_of_a_part_is_raised_once_nothing_is_running(sender: PartSender) -> None:
    running = 0

    def put(index: int, _part: bytearray) -> None:
        nonlocal running
        running += 1
        time.sleep(0.02 * index)
        running -= 1
        if index == 1:
            raise OSError("part 1")

    with pytest.raises(OSError, match="part 1"):
        sender.send([b"123456"], 1, put)
    assert running == 0


@pytest.mark.parametrize("error", [ValueError("gone"), KeyboardInterrupt()])
def test_a_failure_of_the_body_is_raised_once_nothing_is_running(sender: PartSender, error: BaseException) -> None:
    sent: list[int] = []

    def body() -> Iterator[bytes]:
        yield b"1234"
        raise error

    def put(index: int, _part: bytearray) -> None:
        time.sleep(0.02)
        sent.append(index)

    with pytest.raises(type(error)) as caught:
        sender.send(body(), 2, put)
    assert caught.value is error
    done = list(sent)
    time.sleep(0.05)
    assert sent == done


def test_each_returns_results_in_order(sender: PartSender) -> None:
    assert sender.each(20, lambda index: index * 2) == [index * 2 for index in range(20)]


def test_a_closed_sender_can_be_closed_again(sender: PartSender) -> None:
    sender.each(2, lambda index: index)
    sender.close()
    sender.close()


def test_the_buffer_of_a_part_is_reused(sender: PartSender) -> None:
    seen: dict[int, bytearray] = {}

    def put(_index: int, part: bytearray) -> None:
        seen[id(part)] = part
        time.sleep(0.001)

    _, rest = sender.send([b"x" * 1005], 10, put)
    assert len(seen) <= 3 + 1
    assert not any(rest is part for part in seen.values()), "the rest must belong to the caller"
