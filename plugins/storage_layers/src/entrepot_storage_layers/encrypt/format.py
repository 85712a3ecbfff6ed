"""The format of encrypted objects, version 1.

    header  8 bytes "ENTREPO" and the version, 8 bytes key id, 32 random bytes object id
    chunks  each 12 bytes nonce, up to 64 KiB ciphertext, 16 bytes tag

- Every object has its own AES-256 key, derived from the configured key and the object id, so that verification fails
  for a chunk of another object. The object's name is not authenticated: a move does not rewrite the object.
- A chunk's tag also covers its number, whether it is the last, and the tag of the previous chunk: verification fails
  for chunks that are swapped, missing or from another append of the same upload, and for truncated objects.
- Nonces are random. A counter could repeat, because an append can be repeated from an older state with other bytes.
  For the key of one object, the probability that a nonce repeats in 2**32 chunks (256 TiB) is 2**-33.
- All chunks but the last are full, and the last is only empty in an empty object: the size is determined by the size of
  the ciphertext, and the offset of every chunk by its number.
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
"""The value used as previous tag of the first chunk."""


class DamagedError(Exception):
    """The data is damaged, or was written with a key that is not configured."""


@dataclass(frozen=True, slots=True)
class Header:
    """The header of one object, with its cipher."""

    key_id: bytes
    object_id: bytes
    cipher: AESGCM

    @classmethod
    def fresh(cls, keys: Keys) -> Header:
        """Return the header of a new object, encrypted with the first key."""
        return cls.of(keys, keys.writing, os.urandom(OBJECT_ID))

    @classmethod
    def of(cls, keys: Keys, key_id: bytes, object_id: bytes) -> Header:
        """Return a header with this key id and object id.

        Raises DamagedError if no key has the id.
        """
        cipher = keys.cipher(key_id, object_id)
        if cipher is None:
            raise DamagedError(f"the key with the id {key_id.hex()} is not configured; add it")
        return cls(key_id, object_id, cipher)

    @classmethod
    def parse(cls, keys: Keys, data: bytes) -> Header:
        """Parse the header at the beginning of an object.

        Raises DamagedError if it is invalid.
        """
        if len(data) != HEADER or not data.startswith(MAGIC):
            raise DamagedError("the object has no encryption header; it was written without encryption or is damaged")
        return cls.of(keys, data[len(MAGIC) : -OBJECT_ID], data[-OBJECT_ID:])

    def __bytes__(self) -> bytes:
        return MAGIC + self.key_id + self.object_id

    def seal(self, number: int, previous: bytes, plain: bytes | memoryview, *, last: bool) -> bytes:
        """Encrypt one chunk; ``previous`` is the tag of the previous chunk."""
        return self._sealed(plain, _bound(b"chunk", number, previous, last=last))

    def open(self, number: int, previous: bytes, sealed: bytes | memoryview, *, last: bool) -> bytes:
        """Decrypt one chunk.

        Raises DamagedError if it is not exactly this chunk of this object.
        """
        fault = f"chunk {number} is damaged; restore the object"
        return self._opened(sealed, _bound(b"chunk", number, previous, last=last), fault)

    def seal_tail(self, number: int, previous: bytes, plain: bytes) -> bytes:
        """Encrypt bytes that do not fill a chunk yet, for the token of an upload."""
        return self._sealed(plain, _bound(b"tail", number, previous, last=False))

    def open_tail(self, number: int, previous: bytes, sealed: bytes) -> bytes:
        """Decrypt a tail.

        Raises DamagedError if it is not this tail.
        """
        fault = "the upload's token is damaged"
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
    """Return the encrypted size of an object of ``plain`` bytes."""
    return HEADER + plain + max(1, -(-plain // CHUNK)) * (NONCE + TAG)


def plain_size(sealed: int) -> int:
    """Return the plain size of an object whose encrypted size is ``sealed``.

    Raises DamagedError if no encrypted object has this size.
    """
    chunks = max(1, -(-(sealed - HEADER) // SEALED))
    plain = sealed - HEADER - chunks * (NONCE + TAG)
    if plain < 0 or sealed_size(plain) != sealed:
        raise DamagedError(
            f"{sealed} bytes is not a valid size; the object was written without encryption or truncated"
        )
    return plain


def place(number: int) -> int:
    """Return the offset of a chunk."""
    return HEADER + number * SEALED


def _bound(what: bytes, number: int, previous: bytes, *, last: bool) -> bytes:
    return what + number.to_bytes(8, "big") + previous + (b"last" if last else b"more")
