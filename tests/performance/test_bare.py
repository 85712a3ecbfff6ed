"""The bare loop stores what it receives."""

from __future__ import annotations

import hashlib
import os
import socket
import threading
from pathlib import Path

import pytest
from performance.bare import receive_cached, receive_direct


@pytest.mark.parametrize("direct", [False, True])
@pytest.mark.parametrize("size", [0, 1, 2**20, 3 * 2**20 + 17])
def test_the_bare_loop_stores_exactly_the_received_data(tmp_path: Path, direct: bool, size: int) -> None:
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
