"""How an object is encrypted, version 1.

    header  8 bytes "ENTREPO" and the version, 8 bytes key id, 32 bytes object id, which are random
    chunks  each 12 bytes nonce, up to 64 KiB ciphertext, 16 bytes tag

- Every object has an AES-256 key of its own, derived from the configured key and the object id, so that a chunk of
  another object fails its tag. The object's name is not bound: a move renames it without rewriting it.
- A chunk's tag also covers its number, whether it is the last, and the tag of the chunk before: chunks that are
  swapped, left out, or taken from another append of the same upload fail, and so does an end that is not the end.
- Nonces are random. A counter would repeat: an append can be made again from an older state with other bytes. Under
  one object's key, 2**32 chunks (256 TiB) repeat one with a chance of 2**-33.
- All chunks are full but the last, and the last is empty in an empty object only: the size follows from the size of
  the ciphertext, and the place of every chunk from its number.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import Final

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from entrepot_storage_layers.encrypt.keys import KEY_ID_BYTES, Keys

__all__ = ["CHUNK", "FIRST", "HEADER", "SEALED", "TAG", "DamagedError", "Header", "place", "plain_size", "sealed_size"]

MAGIC: Final = b"ENTREPO\x01"
OBJECT_ID: Final = 32
HEADER: Final = len(MAGIC) + KEY_ID_BYTES + OBJECT_ID
CHUNK: Final = 64 * 1024
NONCE: Final = 12
TAG: Final = 16
SEALED: Final = NONCE + CHUNK + TAG
FIRST: Final = b"\x00" * TAG
"""What stands for the tag before the first chunk."""


class DamagedError(Exception):
    """Bytes are not what was written, or were written with a key that is not configured."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one object, and by that its key."""

    key_id: bytes
    object_id: bytes
    cipher: AESGCM

    @classmethod
    def fresh(cls, keys: Keys) -> Header:
        """The header of a new object, written with the first key."""
        return cls.of(keys, keys.writing, os.urandom(OBJECT_ID))

    @classmethod
    def of(cls, keys: Keys, key_id: bytes, object_id: bytes) -> Header:
        """A header by what is in it.

        Raises DamagedError if no key has the id.
        """
        cipher = keys.cipher(key_id, object_id)
        if cipher is None:
            raise DamagedError(f"it needs the key with the id {key_id.hex()}, which is not configured; add it")
        return cls(key_id, object_id, cipher)

    @classmethod
    def parse(cls, keys: Keys, data: bytes) -> Header:
        """The header at the beginning of an object.

        Raises DamagedError if it is none.
        """
        if len(data) != HEADER or not data.startswith(MAGIC):
            raise DamagedError(
                "it does not begin as encrypted objects do; it was written without encryption or damaged"
            )
        return cls.of(keys, data[len(MAGIC) : -OBJECT_ID], data[-OBJECT_ID:])

    def __bytes__(self) -> bytes:
        return MAGIC + self.key_id + self.object_id

    def seal(self, number: int, previous: bytes, plain: bytes | memoryview, *, last: bool) -> bytes:
        """One chunk, encrypted; ``previous`` is the tag of the chunk before."""
        return self._sealed(plain, _bound(b"chunk", number, previous, last=last))

    def open(self, number: int, previous: bytes, sealed: bytes | memoryview, *, last: bool) -> bytes:
        """The bytes of one chunk.

        Raises DamagedError if it is not this chunk of this object, whole and unchanged.
        """
        fault = f"chunk {number} is not what was written; restore the object"
        return self._opened(sealed, _bound(b"chunk", number, previous, last=last), fault)

    def seal_tail(self, number: int, previous: bytes, plain: bytes) -> bytes:
        """Bytes that do not fill a chunk yet, for the token of an upload."""
        return self._sealed(plain, _bound(b"tail", number, previous, last=False))

    def open_tail(self, number: int, previous: bytes, sealed: bytes) -> bytes:
        """The bytes of a tail.

        Raises DamagedError if it is not this tail.
        """
        fault = "the upload's token is not what was written; upload again"
        return self._opened(sealed, _bound(b"tail", number, previous, last=False), fault)

    def _sealed(self, plain: bytes | memoryview, bound: bytes) -> bytes:
        nonce = os.urandom(NONCE)
        return nonce + self.cipher.encrypt(nonce, plain, bound)

    def _opened(self, sealed: bytes | memoryview, bound: bytes, fault: str) -> bytes:
        try:
            return self.cipher.decrypt(sealed[:NONCE], sealed[NONCE:], bound)
        except InvalidTag as error:
            raise DamagedError(fault) from error


def sealed_size(plain: int) -> int:
    """The size of an object whose bytes are ``plain`` many."""
    return HEADER + plain + max(1, -(-plain // CHUNK)) * (NONCE + TAG)


def plain_size(sealed: int) -> int:
    """How many bytes an object of a size holds.

    Raises DamagedError if no encrypted object has this size.
    """
    chunks = max(1, -(-(sealed - HEADER) // SEALED))
    plain = sealed - HEADER - chunks * (NONCE + TAG)
    if plain < 0 or sealed_size(plain) != sealed:
        raise DamagedError(f"no encrypted object has {sealed} bytes; it was written without encryption or cut")
    return plain


def place(number: int) -> int:
    """Where the chunk of a number begins."""
    return HEADER + number * SEALED


def _bound(what: bytes, number: int, previous: bytes, *, last: bool) -> bytes:
    return what + number.to_bytes(8, "big") + previous + (b"last" if last else b"more")
