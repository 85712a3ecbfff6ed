"""The upper limit: a loop that receives, hashes and writes the same bytes, and does nothing else.

``python bare.py PORT DIRECTORY cached|direct`` serves one client after another on 127.0.0.1. A client sends 8 bytes
with the length, big-endian, then the data, and receives the sha256 in hex. There is no HTTP and no validation: the file
is written, flushed with fsync, and named by its digest.

- ``cached``: one thread; recv_into 1 MiB, sha256, write to the page cache.
- ``direct``: one thread receives and hashes, another writes blocks of 1 MiB with O_DIRECT, using four buffers.
"""

from __future__ import annotations

import fcntl
import hashlib
import mmap
import os
import queue
import socket
import sys
import threading

__all__ = ["serve"]

BLOCK = 2**20
DEPTH = 4


def serve(port: int, directory: str, *, direct: bool) -> None:
    """Serve until the process is terminated."""
    with socket.create_server(("127.0.0.1", port)) as listener:
        while True:
            client, _ = listener.accept()
            with client:
                header = client.recv(8, socket.MSG_WAITALL)
                if len(header) == 8:  # fewer bytes: the caller only checks whether the port is open
                    receive = receive_direct if direct else receive_cached
                    client.sendall(receive(client, int.from_bytes(header), directory).encode())


def receive_cached(client: socket.socket, size: int, directory: str) -> str:
    """Receive ``size`` bytes and write them through the page cache to disk. Return the digest in hex."""
    path = os.path.join(directory, "incoming")
    hasher = hashlib.sha256()
    buffer = memoryview(bytearray(BLOCK))
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o644)
    left = size
    while left:
        block = buffer[: min(BLOCK, left)]
        _receive(client, block)
        hasher.update(block)
        _write(file, block)
        left -= len(block)
    return _finish(file, path, hasher.hexdigest())


def receive_direct(client: socket.socket, size: int, directory: str) -> str:
    """Like ``receive_cached``, but bypass the page cache and write in a second thread."""
    path = os.path.join(directory, "incoming")
    hasher = hashlib.sha256()
    file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_DIRECT, 0o644)
    free: queue.SimpleQueue[memoryview] = queue.SimpleQueue()
    full: queue.SimpleQueue[memoryview | None] = queue.SimpleQueue()
    for _ in range(DEPTH):
        free.put(memoryview(mmap.mmap(-1, BLOCK)))  # O_DIRECT requires page-aligned memory
    writer = threading.Thread(target=_write_blocks, args=(file, free, full))
    writer.start()
    left = size
    while left >= BLOCK:
        block = free.get()
        _receive(client, block)
        hasher.update(block)
        full.put(block)
        left -= BLOCK
    full.put(None)
    writer.join()
    fcntl.fcntl(file, fcntl.F_SETFL, fcntl.fcntl(file, fcntl.F_GETFL) & ~os.O_DIRECT)
    rest = memoryview(bytearray(left))
    _receive(client, rest)
    hasher.update(rest)
    _write(file, rest)
    return _finish(file, path, hasher.hexdigest())


def _write_blocks(file: int, free: queue.SimpleQueue[memoryview], full: queue.SimpleQueue[memoryview | None]) -> None:
    while (block := full.get()) is not None:
        _write(file, block)
        free.put(block)


def _receive(client: socket.socket, buffer: memoryview) -> None:
    if client.recv_into(buffer, 0, socket.MSG_WAITALL) < len(buffer):
        raise ConnectionError("the client disconnected before all bytes were received")


def _write(file: int, data: memoryview) -> None:
    while data:
        data = data[os.write(file, data) :]


def _finish(file: int, path: str, digest: str) -> str:
    os.fsync(file)
    os.close(file)
    os.rename(path, os.path.join(os.path.dirname(path), digest))
    return digest


if __name__ == "__main__":
    serve(int(sys.argv[1]), sys.argv[2], direct=sys.argv[3] == "direct")
