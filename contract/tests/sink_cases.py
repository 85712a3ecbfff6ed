"""Suites of the kit for the correct sink, and for the broken ones derived from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from contract.tests.honest_http_sink import HttpSink
from contract.tests.honest_sink import TOKEN, HonestSink, Place

from entrepot_contract.testing import SinkContract


class LinesCase(SinkContract):
    sink_class = HonestSink

    @pytest.fixture
    def greeting(self, tmp_path: Path) -> str:
        path = tmp_path / "greeting"
        path.write_text("hello\n")
        return str(path)

    @pytest.fixture
    def place(self) -> Iterator[Place]:
        with Place() as place:
            yield place

    @pytest.fixture
    def gone(self) -> Iterator[Place]:
        place = Place()
        yield place
        place.__exit__()

    @pytest.fixture
    def config(self, place: Place, greeting: str) -> Mapping[str, object]:
        return options(place, greeting)

    @pytest.fixture
    def received(self, place: Place, gone: Place) -> Callable[[], Sequence[str]]:
        return lambda: [*place.ids, *gone.ids]

    @pytest.fixture
    def unreachable(self, gone: Place, greeting: str) -> Mapping[str, object]:
        return options(gone, greeting)

    @pytest.fixture
    def mend(self, gone: Place) -> Callable[[], None]:
        return gone.start

    @pytest.fixture
    def hanging(self, greeting: str) -> Iterator[Mapping[str, object]]:
        with Place("hangs") as place:
            yield options(place, greeting)

    @pytest.fixture
    def failing(self, greeting: str) -> Iterator[Mapping[str, object]]:
        with Place("fails") as place:
            yield options(place, greeting)

    @pytest.fixture
    def rejecting(self, greeting: str) -> Iterator[Mapping[str, object]]:
        with Place("rejects") as place:
            yield options(place, greeting)


class HttpCase(LinesCase):
    sink_class = HttpSink

    @pytest.fixture
    def at_url(self, greeting: str) -> Callable[[str], Mapping[str, object]]:
        def options_of(url: str) -> Mapping[str, object]:
            return {"port": urlsplit(url).port, "token": TOKEN, "greeting": greeting, "http": True}

        return options_of


def options(place: Place, greeting: str) -> Mapping[str, object]:
    """Return the options for one endpoint."""
    return {"port": place.port, "token": TOKEN, "greeting": greeting}
