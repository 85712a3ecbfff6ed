"""Small comforts over a storage driver: links, whole small objects, the names below a prefix."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from entrepot.errors import DigestInvalid
from entrepot.registry.names import Digest, parse_digest
from entrepot_contract import IntegrityError, NotFound, ObjectInfo, Prefix, StorageDriver, WriteMode
from entrepot_contract.errors import AlreadyExists

__all__ = ["BATCH", "Store"]

_MAX_LINK = 1024
BATCH = 256
"""How many names are taken from a listing at once: fewer cost more for each, more are read in vain for a short page."""
_STEM_END = re.compile(r"[-.]")


class Store:
    """A storage driver, with what the registry needs again and again."""

    def __init__(self, driver: StorageDriver) -> None:
        self.driver = driver
        self.creates = driver.capabilities.create

    def read(self, key: str, limit: int) -> bytes:
        """A whole small object; raises NotFound, and IntegrityError where it has more than ``limit`` bytes."""
        with self.driver.read(key) as reader:
            if reader.info.size > limit:
                raise IntegrityError(
                    f"has {reader.info.size} bytes where at most {limit} make sense",
                    driver=self.driver.name,
                    operation="read",
                    key=key,
                )
            return b"".join(reader)

    def link(self, key: str) -> Digest | None:
        """The digest that a link holds, or None where there is no link.

        Raises IntegrityError where the link holds anything but a digest.
        """
        try:
            text = self.read(key, _MAX_LINK)
        except NotFound:
            return None
        try:
            return parse_digest(text.decode("ascii").strip())
        except (DigestInvalid, UnicodeDecodeError) as error:
            raise IntegrityError(
                "this link holds no digest; push what it should name once more, or delete it",
                driver=self.driver.name,
                operation="read",
                key=key,
            ) from error

    def put_link(self, key: str, digest: Digest) -> None:
        """Write a link."""
        self.driver.put(key, str(digest).encode("ascii"))

    def put_content(self, key: str, data: bytes) -> None:
        """Write an object whose key names its content, so that one which is there already is the same."""
        try:
            self.driver.put(key, data, mode=WriteMode.CREATE if self.creates else WriteMode.OVERWRITE)
        except AlreadyExists:
            return

    def size(self, key: str) -> int | None:
        """The size of an object in bytes, or None where it is not there."""
        try:
            return self.driver.stat(key).size
        except NotFound:
            return None

    def names(self, prefix: str, after: str = "") -> Iterator[str]:
        """The names directly below a prefix, in the order of their bytes, from after ``after`` on.

        A driver lists ``1-alpine/`` before ``1/``, and ``1`` is to come first. So a name is held back until no
        shorter one that it begins with can follow: few for most tags, and never more than the listing itself.
        """
        items = self.driver.list_objects(prefix, start_after=prefix + after if after else "", shallow=True)
        batch = _names(list(islice(items, BATCH)), prefix)
        if len(batch) == BATCH:
            return _in_order(batch, items, prefix, after)
        # One batch is all there is, as nearly always: to sort it takes less than to hand out each name.
        return iter(sorted(name for name in batch if name > after) if after else sorted(batch))


def _names(items: list[ObjectInfo | Prefix], prefix: str) -> list[str]:
    start = len(prefix)
    return [item.key[start:].rstrip("/") for item in items]


def _in_order(batch: list[str], items: Iterator[ObjectInfo | Prefix], prefix: str, after: str) -> Iterator[str]:
    held: list[str] = []
    while batch:
        held += [name for name in batch if name > after] if after else batch
        if len(batch) == BATCH:
            reached = batch[-1] + "/"
            yield from sorted(name for name in held if _stem(name) + "/" < reached)
            held = [name for name in held if _stem(name) + "/" >= reached]
        batch = _names(list(islice(items, BATCH)), prefix)
    yield from sorted(held)


def _stem(name: str) -> str:
    """The shortest name that would be listed after ``name`` although it sorts before it."""
    end = _STEM_END.search(name, 1)
    return name[: end.start()] if end else name
