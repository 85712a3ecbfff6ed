"""Streamed responses: small chunks while many are sent, and 503 while too many clients do not read."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from wsgiref.types import StartResponse, WSGIEnvironment

import pytest

from entrepot_contract.toolkit import downloads
from entrepot_contract.toolkit.downloads import Downloads

MIB = 2**20


class Server:
    """Calls an application as a server does; ``statuses`` lists the statuses of its responses."""

    def __init__(self, threads: int) -> None:
        self.statuses: list[str] = []
        self.closed = 0
        self._application = Downloads(threads).wrap(self._serve)

    def get(self, size: int | None = MIB) -> Iterable[bytes]:
        """Return the response body: an iterator, or a list if ``size`` is None."""
        return self._application({"size": size}, self._begin)  # type: ignore[arg-type]

    def _begin(self, status: str, _headers: object, exception: object = None) -> object:
        self.statuses = [*(self.statuses[:-1] if exception else self.statuses), status]
        return None

    def _serve(self, environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        start_response("200 OK", [])
        size = environ["size"]
        return [b"small"] if size is None else Pieces(self, size)


class Pieces:
    """Two chunks of the same size."""

    def __init__(self, server: Server, size: int) -> None:
        self._server = server
        self._size = size

    def __iter__(self) -> Iterator[bytes]:
        yield b"a" * self._size
        yield b"b" * self._size

    def close(self) -> None:
        """Count it."""
        self._server.closed += 1


def close(answer: Iterable[bytes]) -> None:
    """Close the response body, as a server does at the end."""
    answer.close()  # type: ignore[attr-defined]


def test_chunks_are_split_while_many_responses_are_sent() -> None:
    server = Server(100)
    answers = [server.get() for _ in range(17)]
    pieces = list(answers[0])
    assert {len(piece) for piece in pieces} == {64 * 2**10}
    assert b"".join(pieces) == b"a" * MIB + b"b" * MIB
    close(answers.pop())
    assert [len(piece) for piece in answers[1]] == [MIB, MIB]


def test_a_chunk_of_any_size_is_sent_completely() -> None:
    server = Server(100)
    answers = [server.get(100_000) for _ in range(17)]
    assert b"".join(answers[0]) == b"a" * 100_000 + b"b" * 100_000


def test_further_downloads_are_refused_while_half_of_the_threads_wait_for_clients(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(downloads, "_STALLED_SECONDS", 0.1)
    server = Server(8)
    waiting = [server.get() for _ in range(4)]
    assert server.statuses == ["200 OK"] * 4
    time.sleep(0.2)
    assert list(server.get()) == []
    assert server.statuses[-1] == "503 Service Unavailable"
    assert server.closed == 1
    assert server.get(None) == [b"small"]
    next(iter(waiting[0]))
    server.get()
    close(waiting[1])
    assert server.statuses[-2:] == ["200 OK", "200 OK"]
    assert server.closed == 2
