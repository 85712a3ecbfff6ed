from __future__ import annotations

import hashlib
import socket
import threading

from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot_benchmarks.ceiling import loopback, sha256
from entrepot_benchmarks.load.payload import Payload, PayloadSource

SIZE = 3 * 2**20 + 17


def received(payload: Payload) -> bytes:
    """Return the bytes that a payload sends."""
    ours, theirs = socket.socketpair()
    sender = threading.Thread(target=payload.send, args=(ours,))
    sender.start()
    with ours, theirs, theirs.makefile("rb") as stream:
        data = stream.read(payload.size)
        sender.join()
        ours.close()
        assert stream.read() == b""
    return data


def test_payloads_with_different_names_differ_and_match_their_digests() -> None:
    source, another = PayloadSource(SIZE), PayloadSource(SIZE)
    one = source.make("one")
    data = received(one)
    assert len(data) == SIZE
    assert one.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    assert source.make("one") == one
    assert len({one.digest, source.make("other").digest, another.make("one").digest}) == 3
    source.close()
    another.close()


@given(st.integers(1, 5000), st.text())
@settings(max_examples=50)
def test_a_payload_of_any_size_and_name_matches_its_size_and_digest(size: int, name: str) -> None:
    source = PayloadSource(size)
    payload = source.make(name)
    data = payload.content()
    assert (len(data), data) == (size, received(payload))
    assert payload.digest == f"sha256:{hashlib.sha256(data).hexdigest()}"
    source.close()


def test_the_limits_of_the_machine_are_measured() -> None:
    source = PayloadSource(2**20)
    assert sha256() > 0
    assert loopback(source) > 0
    source.close()
