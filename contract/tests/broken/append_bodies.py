"""Drivers that iterate over the body of an append in a wrong way."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import Chunks, DriverOptions, UploadState


@caught_by("test_append_holds_no_view_of_an_earlier_chunk")
class AppendHoldsAView(HonestDriver):
    """Holds a view of the last chunk when it requests the next one, so that its buffer cannot be resized."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        def copied() -> Iterator[bytes]:
            for chunk in data:
                view = memoryview(chunk)
                yield bytes(view)

        return super().upload_append(state, copied())


@caught_by("test_append_holds_no_view_of_an_earlier_chunk")
class AppendReadsOneChunkLate(HonestDriver):
    """Writes each chunk after it has requested the next one."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        def late() -> Iterator[bytes]:
            last: bytes | bytearray | memoryview = b""
            for chunk in data:
                if not isinstance(last, memoryview):
                    yield bytes(last)
                last = chunk if isinstance(chunk, bytearray) else bytes(chunk)
            yield bytes(last)

        return super().upload_append(state, late())


@caught_by("test_append_takes_every_kind_of_memoryview")
class AppendTakesTheObjectOfAView(HonestDriver):
    """Writes the complete buffer of which a chunk is a view."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        return super().upload_append(state, (c.obj if isinstance(c, memoryview) else c for c in data))  # type: ignore[misc]  # the fault


@caught_by("test_append_takes_every_kind_of_memoryview")
class AppendKnowsOnlyWritableViews(HonestDriver):
    """Ignores views that are read-only."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        return super().upload_append(state, (c for c in data if not (isinstance(c, memoryview) and c.readonly)))


@caught_by("test_append_takes_chunks_of_any_size[20-mib]")
class AppendCutsLargeChunks(HonestDriver):
    """Writes at most 16 MiB of a chunk."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        return super().upload_append(state, (bytes(chunk[: 2**24]) for chunk in data))


@caught_by("test_append_takes_chunks_of_any_size[parts]")
class AppendLosesChunksOfAPart(HonestDriver):
    """Skips a chunk that has exactly the size of a part, when nothing is buffered."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        part = self.capabilities.part_size_hint

        def kept() -> Iterator[bytes]:
            buffered = 0
            for chunk in data:
                if buffered or len(chunk) != part:
                    yield bytes(chunk)
                buffered = (buffered + len(chunk)) % part

        return super().upload_append(state, kept())


@caught_by("test_a_body_is_iterated_once_to_its_end")
class AppendMeasuresTheBodyFirst(HonestDriver):
    """Iterates twice over a body that can be iterated twice: for its size, and for its bytes."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        if iter(data) is not data:
            sum(len(chunk) for chunk in data)
        return super().upload_append(state, data)


@caught_by("test_a_body_is_iterated_once_to_its_end")
class AppendStopsAtAShortChunk(HonestDriver):
    """Takes a chunk that is shorter than the first one for the last, and does not ask for the end."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        def full() -> Iterator[bytes]:
            first = 0
            for chunk in data:
                yield bytes(chunk)
                first = first or len(chunk)
                if len(chunk) < first:
                    return

        return super().upload_append(state, full())


@caught_by("test_any_iterable_is_a_body")
class AppendPeeksAtTheFirstChunk(HonestDriver):
    """Looks at the first chunk, and repeats it if the body is not an iterator."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        first = next(iter(data), b"")
        return super().upload_append(state, chain([first], data))


@caught_by("test_a_body_is_not_kept_after_the_append")
class AppendKeepsTheLastBody(HonestDriver):
    """Keeps the chunks of the last append in memory."""

    def __init__(self, options: DriverOptions) -> None:
        super().__init__(options)
        self.last: list[bytes | bytearray | memoryview] = []

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        def kept() -> Iterator[bytes]:
            for chunk in data:
                self.last.append(chunk)
                yield bytes(chunk)

        return super().upload_append(state, kept())


@caught_by("test_append_never_holds_the_whole_body")
class AppendJoinsTheBody(HonestDriver):
    """Joins all chunks in memory before it writes the first one."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        return super().upload_append(state, [b"".join(bytes(chunk) for chunk in data)])


@caught_by("test_appending_nothing_changes_nothing")
class EmptyAppendsStartAgain(HonestDriver):
    """Returns the state of a new upload when nothing was appended."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        return super().add(state, data) if data else self.upload_start(state.key)


@caught_by("test_appending_nothing_changes_nothing")
class AppendNeedsAChunk(HonestDriver):
    """Discards the upload if the body has no chunk at all."""

    def upload_append(self, state: UploadState, data: Chunks) -> UploadState:
        chunks = list(data) if isinstance(data, list) else data
        if chunks == []:
            self.upload_abort(state)
        return super().upload_append(state, chunks)


@caught_by("test_appending_nothing_discards_bytes_past_the_state")
class EmptyAppendsKeepLaterBytes(HonestDriver):
    """Returns the last state of the upload, with the size of the older one, when nothing was appended to that."""

    def add(self, state: UploadState, data: bytes) -> UploadState:
        if data:
            return super().add(state, data)
        with self.writing() as link:
            upload, serial = self.find(link, state, "upload_append")
            (last,) = link.execute("SELECT MAX(serial) FROM steps WHERE upload = ?", [upload]).fetchone()
        return self.state(state.key, state.size, upload, last or serial)
