"""Drivers of a networked backend that go on wrongly with another connection after one has broken."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import islice

from contract.tests.broken.register import caught_by
from contract.tests.honest_remote import PAGE, RemoteDriver

from entrepot_contract import ObjectInfo, Prefix, Reader, Unavailable
from entrepot_contract.toolkit.reading import ClosedOnExit

DELETE = "test_delete_of_many_keys_forgets_none_when_one_connection_breaks"
READ = "test_a_reader_that_connects_again_never_mixes_two_objects"
LIST = "test_a_listing_that_connects_again_lists_every_key_once"
BATCH = 256


class InBatches(RemoteDriver):
    """Deletes keys in batches; a base class."""

    def batch(self, keys: list[str]) -> None:
        super().delete(keys)

    def delete(self, keys: Iterable[str]) -> None:
        rest = iter(keys)
        while batch := list(islice(rest, BATCH)):
            self.batch(batch)


@caught_by(f"{DELETE}[request-1]")
class DeleteForgetsAFailedBatch(InBatches):
    """Raises only the error of the last batch."""

    def delete(self, keys: Iterable[str]) -> None:
        failure, rest = None, iter(keys)
        while batch := list(islice(rest, BATCH)):
            failure = None
            try:
                self.batch(batch)
            except Unavailable as error:
                failure = error
        if failure is not None:
            raise failure


@caught_by(f"{DELETE}[request-2]")
class DeleteRepeatsTheNextBatch(InBatches):
    """Repeats a batch that failed after the iterator of the keys has moved on."""

    def delete(self, keys: Iterable[str]) -> None:
        rest = iter(keys)
        while batch := list(islice(rest, BATCH)):
            try:
                self.batch(batch)
            except Unavailable:
                self.batch(list(islice(rest, BATCH)))


class Resuming(ClosedOnExit):
    """A reader that continues with other readers when its connection breaks."""

    def __init__(self, driver: RemoteDriver, first: Reader, offset: int, length: int | None) -> None:
        self.driver, self.current, self.info = driver, first, first.info
        self.offset = offset
        self.end = first.info.size if length is None else min(offset + length, first.info.size)

    def another(self) -> Reader:
        return RemoteDriver.read(self.driver, self.info.key, offset=self.offset, length=self.end - self.offset)

    def __iter__(self) -> Iterator[bytes]:
        for tries in range(4):
            try:
                for chunk in self.current:
                    self.offset += len(chunk)
                    yield chunk
            except Unavailable:
                if tries == 3:
                    raise
                self.current.close()
                self.current = self.another()
            else:
                return

    def close(self) -> None:
        self.current.close()


@caught_by(f"{READ}[put-reset]")
class ReadGoesOnWithTheNewObject(RemoteDriver):
    """Continues at its offset without a look at the etag."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return Resuming(self, super().read(key, offset=offset, length=length), offset, length)


class ResumingIfTheSizeIsTheSame(Resuming):
    """Compares the sizes only."""

    def another(self) -> Reader:
        found = super().another()
        if found.info.size != self.info.size:
            found.close()
            raise self.driver.fail(Unavailable, "read", self.info.key, "the object was replaced")
        return found


@caught_by(f"{READ}[commit-end]")
class ReadGoesOnIfTheSizeIsTheSame(RemoteDriver):
    """Continues at its offset if the new object has the size of the old one."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        return ResumingIfTheSizeIsTheSame(self, super().read(key, offset=offset, length=length), offset, length)


@caught_by(f"{LIST}[False-reset]")
class ListingSkipsAPageThatFailed(RemoteDriver):
    """Goes on behind the page whose response was lost."""

    def list_objects(
        self, prefix: str = "", *, start_after: str = "", shallow: bool = False
    ) -> Iterator[ObjectInfo | Prefix]:
        after = start_after
        while True:
            try:
                page = self.page(prefix, after, shallow)
            except Unavailable:
                page = self.page(prefix, after, shallow)[PAGE // 2 :]
            yield from page
            if len(page) < PAGE // 2:
                return
            after = page[-1].key
