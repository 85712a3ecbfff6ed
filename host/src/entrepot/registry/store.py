"""Helpers for links, small objects and listings on top of a storage driver."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from itertools import islice

from entrepot.cache import Cache
from entrepot.errors import DigestInvalid
from entrepot.registry.names import Digest, new_hasher, parse_digest
from entrepot_contract import (
    AlreadyExists,
    IntegrityError,
    NotFound,
    ObjectInfo,
    Prefix,
    StorageDriver,
    StorageError,
    Throttled,
    WriteMode,
)
from entrepot_contract.keys import is_key

__all__ = ["BATCH", "Store"]

_log = logging.getLogger(__name__)

_MAX_LINK = 1024
_WARNED_BYTES = 2**18
_WARNED_SECONDS = 3600.0
"""A damaged object is logged once an hour, not on every request for it."""
BATCH = 256
"""Names taken from a listing at once: smaller batches cost more per name, larger ones read too much for short pages."""
_MAX_HELD = 2 * BATCH
"""Names held back before the driver is asked for those that must precede them: a page of 100 must not list all."""
_STEM_END = re.compile(r"[-.]")


class Store:
    """A storage driver with the operations that the registry uses most."""

    def __init__(self, driver: StorageDriver) -> None:
        self.driver = driver
        self.creates = driver.capabilities.create
        self._warned: Cache[str, str] = Cache(_WARNED_BYTES, max_age=_WARNED_SECONDS)

    def read_up_to(self, key: str, limit: int) -> bytes | None:
        """Returns a small object; raises NotFound.

        Returns None if it is damaged: it has more than ``limit`` bytes, or the driver raises IntegrityError twice.
        """
        try:
            return self._read(key, limit)
        except IntegrityError:
            # The first error may come from one replica or the network; if the object is damaged, the second read fails.
            try:
                return self._read(key, limit)
            except IntegrityError:
                return None

    def _read(self, key: str, limit: int) -> bytes | None:
        with self.driver.read(key) as reader:
            return b"".join(reader) if reader.info.size <= limit else None

    def link(self, key: str, named: Digest | None = None) -> Digest | None:
        """Returns the digest in a link, or None if there is no link.

        ``named`` is the digest in the key. A link that contains no digest, or a different one of the same algorithm, is
        damaged: it is treated as absent, and a warning is logged. Writing it again repairs it.
        """
        try:
            text = self.read_up_to(key, _MAX_LINK)
        except NotFound:
            return None
        try:
            digest = None if text is None else parse_digest(text.decode("ascii").strip())
        except (DigestInvalid, UnicodeDecodeError):
            digest = None
        if digest is None:
            self.warn_damaged(key, "this link contains no digest")
        elif named is not None and digest != named and digest.algorithm == named.algorithm:
            self.warn_damaged(key, f"this link contains another digest, {digest}")
            return None
        return digest

    def put_link(self, key: str, digest: Digest) -> None:
        """Write a link."""
        self.put_again(key, str(digest).encode("ascii"))

    def put_again(self, key: str, data: bytes) -> None:
        """Write or overwrite a small object; if the store refuses to overwrite, an identical object is accepted."""
        self._put(key, data, WriteMode.OVERWRITE)

    def put_content(self, key: str, data: bytes) -> None:
        """Write an object whose key contains its digest; an existing object with other bytes is replaced."""
        self._put(key, data, WriteMode.CREATE if self.creates else WriteMode.OVERWRITE)

    def _put(self, key: str, data: bytes, mode: WriteMode) -> None:
        try:
            self.driver.put(key, data, mode=mode)
        except StorageError as error:
            if error.retryable and not isinstance(error, Throttled):
                raise
            # A store may refuse to overwrite, or limit the write rate of a key: identical bytes are sufficient.
            if self._has_bytes(key, data):
                return
            if isinstance(error, AlreadyExists):
                self.warn_damaged(key, "its content does not match its key; it is replaced")
            elif mode is not WriteMode.CREATE or not isinstance(error, Throttled):
                raise
            # Unlike a CREATE, this is repeated if the store limits the rate of requests.
            self.driver.put(key, data)

    def _has_bytes(self, key: str, data: bytes) -> bool:
        try:
            with self.driver.read(key) as reader:
                return reader.info.size == len(data) and b"".join(reader) == data
        except StorageError:
            # An unreadable object is treated as different; writing it again is always correct.
            return False

    def has_content(self, key: str, digest: Digest) -> bool:
        """Returns whether an object exists and its content, which is read entirely, has this digest."""
        hasher = new_hasher(digest.algorithm)
        try:
            with self.driver.read(key) as reader:
                for chunk in reader:
                    hasher.update(chunk)
        except NotFound:
            return False
        return hasher.hexdigest() == digest.encoded

    def warn_damaged(self, key: str, reason: str) -> None:
        """Log that an object is damaged and treated as absent; rate-limited per object."""
        if self._warned.get(key) != reason:
            self._warned.set(key, reason, len(key) + len(reason) + 512)
            _log.warning("damaged object, push it again to repair it: key=%s reason=%s", key, reason)

    def size(self, key: str) -> int | None:
        """Returns the size of an object in bytes, or None if it does not exist, or the driver reports it as damaged."""
        try:
            return self.driver.stat(key).size
        except NotFound:
            return None
        except IntegrityError as error:
            self.warn_damaged(key, error.message)
            return None

    def info(self, key: str) -> ObjectInfo | None:
        """Returns the info of an object, or None if there is none, or if it is damaged."""
        try:
            return self.driver.stat(key)
        except (NotFound, IntegrityError):
            return None

    def exists(self, key: str) -> bool:
        """Returns whether an object exists, even if damaged."""
        try:
            self.driver.stat(key)
        except NotFound:
            return False
        except IntegrityError:
            pass
        return True

    def names(self, prefix: str, after: str = "") -> Iterator[str]:
        """Yield the names directly below a prefix, in byte order, starting after ``after``.

        A name has something below it: an object with the name itself is ignored, such as Azure's directory markers.
        A driver lists ``1-alpine/`` before ``1/``, but ``1`` must come first. So a name is held back until no shorter
        name that is a prefix of it can follow, or until the driver was asked for the shorter one.
        """
        if after and not is_key(prefix + after):
            # A client may pass any string, but drivers accept only valid keys.
            return (name for name in self.names(prefix) if name > after)
        items = self.driver.list_objects(prefix, start_after=prefix + after if after else "", shallow=True)
        listed = list(islice(items, BATCH))
        if len(listed) == BATCH:
            return self._in_order(listed, items, prefix, after)
        batch = _names(listed, prefix)
        # A single batch contains everything, which is the usual case: sorting it is cheaper than the loop below.
        return iter(sorted(name for name in batch if name > after) if after else sorted(batch))

    def _in_order(
        self, listed: list[ObjectInfo | Prefix], items: Iterator[ObjectInfo | Prefix], prefix: str, after: str
    ) -> Iterator[str]:
        held: list[str] = []
        checked: set[str] = set()
        while listed:
            held += [name for name in _names(listed, prefix) if name > after and name not in checked]
            if len(listed) == BATCH:
                # Names that can still come before a held one are stems of the last listed name.
                last = listed[-1].key[len(prefix) :].rstrip("/")
                awaited = [stem for stem in _stems(last) if stem > after and stem not in checked]
                if len(held) > _MAX_HELD:
                    checked.update(awaited)
                    held += [stem for stem in awaited if self._any_below(f"{prefix}{stem}/")]
                    awaited = []
                held_back = (f"{awaited[0]}-", f"{awaited[0]}.") if awaited else ()
                yield from sorted(name for name in held if not name.startswith(held_back))
                held = [name for name in held if name.startswith(held_back)]
            listed = list(islice(items, BATCH))
        yield from sorted(held)

    def _any_below(self, prefix: str) -> bool:
        return next(self.driver.list_objects(prefix, shallow=True), None) is not None


def _names(items: list[ObjectInfo | Prefix], prefix: str) -> list[str]:
    start = len(prefix)
    return [item.key[start:-1] for item in items if isinstance(item, Prefix)]


def _stems(name: str) -> list[str]:
    """Returns the names that would be listed after ``name`` although they sort before it, shortest first."""
    return [name[: end.start()] for end in _STEM_END.finditer(name, 1)]
