from __future__ import annotations

import hashlib
import os
import socket
import threading
import time
from pathlib import Path

import pytest

from entrepot_benchmarks.bare import receive_cached, receive_direct
from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.payload import PayloadSource
from entrepot_benchmarks.load.streams import run_together

SIZE = 3 * 2**20 + 17


def test_payloads_differ_and_send_the_bytes_of_their_digest() -> None:
    source = PayloadSource(SIZE)
    one, other = source.make(), source.make()
    ours, theirs = socket.socketpair()
    sender = threading.Thread(target=one.send, args=(ours,))
    sender.start()
    with ours, theirs, theirs.makefile("rb") as stream:
        received = stream.read(SIZE)
        sender.join()
        ours.close()
        assert stream.read() == b""
    source.close()
    assert len(received) == SIZE
    assert one.digest == f"sha256:{hashlib.sha256(received).hexdigest()}"
    assert one.digest != other.digest


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("size", [0, 1, 2**20, SIZE])
def test_the_bare_loop_stores_exactly_what_it_was_sent(tmp_path: Path, direct: bool, size: int) -> None:
    data = os.urandom(size)
    ours, theirs = socket.socketpair()
    sender = threading.Thread(target=ours.sendall, args=(data,))
    sender.start()
    digest = (receive_direct if direct else receive_cached)(theirs, size, str(tmp_path))
    sender.join()
    ours.close()
    theirs.close()
    assert digest == hashlib.sha256(data).hexdigest()
    assert [file.name for file in tmp_path.iterdir()] == [digest]
    assert (tmp_path / digest).read_bytes() == data


def fail() -> None:
    raise BenchmarkError("the registry said no")


def test_a_client_that_fails_fails_the_run() -> None:
    with pytest.raises(BenchmarkError, match="the registry said no"):
        run_together([lambda: None, fail])


def test_jobs_start_together_and_are_watched() -> None:
    looks: list[int] = []
    spell = run_together([lambda: time.sleep(0.5)] * 4, watch=lambda: looks.append(1))
    assert 0.5 <= spell.elapsed < 2.0, "one after the other they would take 2 seconds"
    assert looks
