"""Reads from a copy, with the slow driver as fallback, and reads from the slow driver that create a copy."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import replace
from typing import Final

from entrepot_contract import IntegrityError, ObjectInfo, Reader, StorageDriver, StorageError, UploadState
from entrepot_contract.toolkit.reading import GeneratedReader
from entrepot_contract.toolkit.stamping import Stamped
from entrepot_storage_layers.cache.digests import Check
from entrepot_storage_layers.cache.kept import Kept

__all__ = ["CopyReader", "FillingReader"]

TOGETHER: Final = 4 * 2**20
"""Number of bytes per append to the fast driver."""


class _Closing(GeneratedReader):
    """A reader that closes inner readers."""

    _open: list[Reader]

    def close(self) -> None:
        """Close the inner readers. Idempotent."""
        super().close()
        for reader in self._open:
            reader.close()


class CopyReader(_Closing):
    """The bytes of a copy; if reading it fails, the slow driver continues from the same offset.

    A complete read is verified, and the last chunk is only returned after that. If the digest does not match, the slow
    driver is used instead if no chunk was returned yet; otherwise IntegrityError is raised. The copy is deleted.
    """

    def __init__(
        self, copy: Reader, slow: StorageDriver, kept: Kept, span: tuple[int, int], check: Check | None, stamp: Stamped
    ) -> None:
        super().__init__(self._verified())
        # The slow driver's etag is different, and unknown here.
        self.info = replace(copy.info, etag=None)
        self._slow, self._kept, self._check, self._stamp = slow, kept, check, stamp
        self._at, self._end = span
        self._open = [copy]

    def _verified(self) -> Generator[bytes]:
        with self._stamp:
            start, held = self._at, b""
            try:
                for chunk in self._open[0]:
                    if self._check is not None:
                        self._check.update(chunk)
                    if held:
                        self._at += len(held)
                        yield held
                    held = chunk
            except StorageError:
                # A held chunk is read again from the slow driver, because it may be damaged.
                self._kept.drop([self.info.key])
                yield from self._rest()
                return
            if self._at + len(held) == self._end and (self._check is None or self._check.holds()):
                if held:
                    self._at += len(held)
                    yield held
                return
            self._kept.drop([self.info.key])
            if self._check is not None and self._at > start:
                message = "the cached copy did not match its digest, and was deleted; retry the read"
                raise self._stamp.failure(IntegrityError, message)
            yield from self._rest()

    def _rest(self) -> Iterator[bytes]:
        reader = self._slow.read(self.info.key, offset=self._at, length=self._end - self._at)
        self._open.append(reader)
        if reader.info.size != self.info.size:
            raise self._stamp.failure(
                IntegrityError, "the cached copy had a different size, and was deleted; retry the read"
            )
        yield from reader


class FillingReader(_Closing):
    """The bytes of the slow driver, while a copy is created; the copy is kept only if the digest matches."""

    def __init__(self, reader: Reader, slow: StorageDriver, kept: Kept, check: Check, stamp: Stamped) -> None:
        super().__init__(self._copied())
        self.info: ObjectInfo = reader.info
        self._slow, self._kept, self._check, self._stamp = slow, kept, check, stamp
        self._open = [reader]
        self._copy: UploadState | None = None

    def _copied(self) -> Generator[bytes]:
        self._copy = self._kept.start(self.info.key)
        waiting: list[bytes] = []
        size = 0
        with self._stamp:
            try:
                for chunk in self._open[0]:
                    if self._copy is not None:
                        self._check.update(chunk)
                        waiting.append(chunk)
                        size += len(chunk)
                        if size >= TOGETHER:
                            self._copy = self._kept.append(self._copy, b"".join(waiting))
                            waiting, size = [], 0
                    yield chunk
                if self._copy is not None and self._check.holds():
                    self._copy = self._kept.append(self._copy, b"".join(waiting))
                    self._keep()
            finally:
                if self._copy is not None:
                    self._kept.abort(self._copy)
                    self._copy = None

    def _keep(self) -> None:
        if self._copy is None:
            return
        copy, self._copy = self._copy, None
        self._kept.commit(copy)
        try:
            # If the object was deleted while it was read, the copy has to be deleted as well.
            self._slow.stat(copy.key)
        except StorageError:
            self._kept.drop([copy.key])
