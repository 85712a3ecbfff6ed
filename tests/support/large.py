"""Blobs that are too large for memory, pushed and pulled block by block."""

from __future__ import annotations

from hashlib import sha256
from random import Random

from support.wire import Answer, Wire, with_digest

__all__ = ["BLOCK", "LargeBlobs"]

BLOCK = 2**20


class LargeBlobs:
    """Blobs of equal size, in blocks of 1 MiB, which differ only in the last block."""

    def __init__(self, blocks: int) -> None:
        self._block = Random(blocks).randbytes(BLOCK)  # noqa: S311  # content, not a secret
        self._blocks = blocks
        self._hash = sha256()
        for _ in range(blocks - 1):
            self._hash.update(self._block)

    @property
    def size(self) -> int:
        """The size of each blob in bytes."""
        return self._blocks * BLOCK

    def digest(self, number: int) -> str:
        """Return the digest of a blob."""
        hasher = self._hash.copy()
        hasher.update(self._tail(number))
        return f"sha256:{hasher.hexdigest()}"

    def push(self, wire: Wire, repository: str, number: int) -> Answer:
        """Push a blob with POST and PUT."""
        location = with_digest(wire.start_upload(repository), self.digest(number))
        exchange = wire.begin("PUT", location, self.size, {"Content-Type": "application/octet-stream"})
        for _ in range(self._blocks - 1):
            exchange.send(self._block)
        exchange.send(self._tail(number))
        return exchange.answer()

    def _tail(self, number: int) -> bytes:
        return number.to_bytes(8, "big") + self._block[8:]
