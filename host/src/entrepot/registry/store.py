"""Helpers on top of a storage driver: links, whole small objects, the names below a prefix."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from itertools import islice

from entrepot.errors import DigestInvalid
from entrepot.registry.cache import Cache
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
"""A damaged object is named in the log once an hour, and not by every request for it."""
BATCH = 256
"""How many names are taken from a listing at once: fewer cost more for each, more are read in vain for a short page."""
_MOST_HELD = 2 * BATCH
"""How many names are held back before the driver is asked for what they wait for: a page of 100 must not read all."""
_STEM_END = re.compile(r"[-.]")


class Store:
    """A storage driver, with what the registry needs again and again."""

    def __init__(self, driver: StorageDriver) -> None:
        self.driver = driver
        self.creates = driver.capabilities.create
        self._warned: Cache[str, str] = Cache(_WARNED_BYTES, max_age=_WARNED_SECONDS)

    def read_up_to(self, key: str, limit: int) -> bytes | None:
        """A whole small object; raises NotFound.

        None where it is damaged: it has more than ``limit`` bytes, or the driver finds twice that its bytes are wrong.
        """
        try:
            return self._read(key, limit)
        except IntegrityError:
            # Once may have been a copy, or the way here; the object itself is as bad at the second time.
            try:
                return self._read(key, limit)
            except IntegrityError:
                return None

    def _read(self, key: str, limit: int) -> bytes | None:
        with self.driver.read(key) as reader:
            return b"".join(reader) if reader.info.size <= limit else None

    def link(self, key: str, named: Digest | None = None) -> Digest | None:
        """The digest that a link holds, or None where there is no link.

        ``named`` is the digest that the key itself contains. A link that holds no digest, or another one of the same
        algorithm, is damaged: it counts as absent, and a warning names it. Writing it again repairs it.
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
            self.warn_damaged(key, "this link holds no digest")
        elif named is not None and digest != named and digest.algorithm == named.algorithm:
            self.warn_damaged(key, f"this link holds another digest, {digest}")
            return None
        return digest

    def put_link(self, key: str, digest: Digest) -> None:
        """Write a link."""
        self.put_again(key, str(digest).encode("ascii"))

    def put_again(self, key: str, data: bytes) -> None:
        """Write a small object over what is there; where a store refuses that, the same bytes there are enough."""
        self._put(key, data, WriteMode.OVERWRITE)

    def put_content(self, key: str, data: bytes) -> None:
        """Write an object whose key names its content; one that is there with other bytes is replaced."""
        self._put(key, data, WriteMode.CREATE if self.creates else WriteMode.OVERWRITE)

    def _put(self, key: str, data: bytes, mode: WriteMode) -> None:
        try:
            self.driver.put(key, data, mode=mode)
        except StorageError as error:
            if error.retryable and not isinstance(error, Throttled):
                raise
            # A store may refuse to overwrite, or limit how often a key is written: the same bytes there are enough.
            if self._has_bytes(key, data):
                return
            if not isinstance(error, AlreadyExists):
                raise
            self.warn_damaged(key, "its bytes are not those that its key names; they are replaced")
            self.driver.put(key, data)

    def _has_bytes(self, key: str, data: bytes) -> bool:
        try:
            with self.driver.read(key) as reader:
                return reader.info.size == len(data) and b"".join(reader) == data
        except StorageError:
            # Not readable is not the same; writing it again is right whatever lies there.
            return False

    def has_content(self, key: str, digest: Digest) -> bool:
        """Whether an object has the bytes that a digest names, by reading all of it; False where it is not there."""
        hasher = new_hasher(digest.algorithm)
        try:
            with self.driver.read(key) as reader:
                for chunk in reader:
                    hasher.update(chunk)
        except NotFound:
            return False
        return hasher.hexdigest() == digest.encoded

    def warn_damaged(self, key: str, reason: str) -> None:
        """Log that an object is damaged and counts as absent; once in a while for each."""
        if self._warned.get(key) != reason:
            self._warned.set(key, reason, len(key) + len(reason) + 512)
            _log.warning("damaged object, push it again to repair it: key=%s reason=%s", key, reason)

    def size(self, key: str) -> int | None:
        """The size of an object in bytes, or None where it is not there, or the driver finds it damaged."""
        try:
            return self.driver.stat(key).size
        except NotFound:
            return None
        except IntegrityError as error:
            self.warn_damaged(key, error.message)
            return None

    def exists(self, key: str) -> bool:
        """Whether an object is there, in whatever state."""
        try:
            self.driver.stat(key)
        except NotFound:
            return False
        except IntegrityError:
            pass
        return True

    def names(self, prefix: str, after: str = "") -> Iterator[str]:
        """The names directly below a prefix, in the order of their bytes, from after ``after`` on.

        A name has something below it: an object at its own place is a stranger, as Azure's markers of directories.
        A driver lists ``1-alpine/`` before ``1/``, and ``1`` is to come first. So a name is held back until no
        shorter one that it begins with can follow, or until the driver was asked for the shorter one.
        """
        if after and not is_key(prefix + after):
            # A client may name any place in the order, and drivers take keys alone.
            return (name for name in self.names(prefix) if name > after)
        items = self.driver.list_objects(prefix, start_after=prefix + after if after else "", shallow=True)
        listed = list(islice(items, BATCH))
        if len(listed) == BATCH:
            return self._in_order(listed, items, prefix, after)
        batch = _names(listed, prefix)
        # One batch is all there is, as nearly always: to sort it takes less than to hand out each name.
        return iter(sorted(name for name in batch if name > after) if after else sorted(batch))

    def _in_order(
        self, listed: list[ObjectInfo | Prefix], items: Iterator[ObjectInfo | Prefix], prefix: str, after: str
    ) -> Iterator[str]:
        held: list[str] = []
        asked: set[str] = set()
        while listed:
            held += [name for name in _names(listed, prefix) if name > after and name not in asked]
            if len(listed) == BATCH:
                # What can still come before a name that is held is a stem of the last one that was listed.
                last = listed[-1].key[len(prefix) :].rstrip("/")
                awaited = [stem for stem in _stems(last) if stem > after and stem not in asked]
                if len(held) > _MOST_HELD:
                    asked.update(awaited)
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
    """The names that would be listed after ``name`` although they sort before it, the shortest first."""
    return [name[: end.start()] for end in _STEM_END.finditer(name, 1)]
