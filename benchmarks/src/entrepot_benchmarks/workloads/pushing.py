"""Pushes of images with one layer each, in the two ways of zot's zb, and of bare blobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

from entrepot_benchmarks.load.image import OCTETS, Image, push_image, put_manifest, with_digest
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.results.model import CaseInfo, Spell
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.workloads.deck import Deck
from entrepot_benchmarks.workloads.names import EVERY_ROUND, slug
from entrepot_benchmarks.workloads.turns import load_and_forget

__all__ = ["Push", "PushBlobs", "PushImages", "as_docker", "chunked", "monolithic"]

Push = Callable[[Connection, str, str, Image], int]
"""Pushes an image to a repository, with a tag, and answers its bytes."""

WEIGHED = 10 * 2**20


def monolithic(connection: Connection, repository: str, tag: str, image: Image) -> int:
    """Each blob by POST and PUT (distribution-spec, "Pushing a blob monolithically"), as zb does."""
    for layer in image.layers:
        started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
        connection.send("PUT", with_digest(started.location, layer.digest), layer, expect=201)
    return _end(connection, repository, tag, image)


def chunked(connection: Connection, repository: str, tag: str, image: Image) -> int:
    """Each layer by POST, PATCH, PUT (distribution-spec, "Pushing a blob in chunks"), in one chunk, as zb does."""
    for layer in image.layers:
        started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
        span = {"Content-Range": f"0-{layer.size - 1}"}
        patched = connection.send("PATCH", started.location, layer, headers=span, expect=202)
        connection.request("PUT", with_digest(patched.location, layer.digest), expect=201)
    return _end(connection, repository, tag, image)


def as_docker(connection: Connection, repository: str, tag: str, image: Image) -> int:
    """HEAD, POST, PATCH, PUT for each blob, as Docker's engine does; for small layers."""
    push_image(connection, repository, tag, image)
    return image.size


def _end(connection: Connection, repository: str, tag: str, image: Image) -> int:
    started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
    ends = with_digest(started.location, image.config_digest)
    connection.request("PUT", ends, body=image.config, headers=OCTETS, expect=201)
    put_manifest(connection, repository, tag, image)
    return image.size


class PushImages:
    """Pushes images of a deck, each with a tag of its own, into a repository for each turn."""

    def __init__(self, run: str, case: CaseInfo, deck: Deck, push: Push, clients: Sequence[int]) -> None:
        self.cases = (case,)
        self.clients = clients
        self.most_rounds = EVERY_ROUND
        self._run, self._deck, self._push = run, deck, push
        self._turns = count()

    def prepare(self, target: Target) -> None:
        """Pushes need nothing."""

    def forget(self, target: Target) -> None:
        """Each turn removes what it pushed."""

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        """Images for about so many seconds, and at least one of each card of the deck."""
        name = f"{slug(self.cases[0].name)}-{next(self._turns)}"
        repository = f"{self._run}/{name}"

        def client(index: int) -> Callable[[], Callable[[int], int]]:
            def start() -> Callable[[int], int]:
                connection = target.connect()

                def push(number: int) -> int:
                    image = self._deck.image(name, index, number, clients)
                    return self._push(connection, repository, f"t-{index}-{number}", image)

                return push

            return start

        def pushed(index: int, number: int) -> Iterable[str]:
            return self._deck.image(name, index, number, clients).digests

        spell = load_and_forget(
            target,
            [client(index) for index in range(clients)],
            seconds,
            repository,
            pushed,
            least=self._deck.least(clients),
            weigh=max(self._deck.sizes) >= WEIGHED,
        )
        return {self.cases[0].name: spell}


class PushBlobs:
    """Pushes single blobs, each on a connection of its own, as the target does it."""

    def __init__(
        self, run: str, case: CaseInfo, deck: Deck, clients: Sequence[int], *, most_rounds: int = EVERY_ROUND
    ) -> None:
        self.cases = (case,)
        self.clients = clients
        self.most_rounds = most_rounds
        self._run, self._deck = run, deck
        self._turns = count()

    def prepare(self, target: Target) -> None:
        """Pushes need nothing."""

    def forget(self, target: Target) -> None:
        """Each turn removes what it pushed."""

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        """Blobs for about so many seconds, and at least one for each client."""
        name = f"{slug(self.cases[0].name)}-{next(self._turns)}"
        repository = f"{self._run}/{name}"

        def blob(index: int, number: int) -> Payload:
            return self._deck.image(name, index, number, clients).layers[0]

        def client(index: int) -> Callable[[], Callable[[int], int]]:
            def push(number: int) -> int:
                payload = blob(index, number)
                target.push(repository, payload)
                return payload.size

            return lambda: push

        spell = load_and_forget(
            target,
            [client(index) for index in range(clients)],
            seconds,
            repository,
            lambda index, number: [blob(index, number).digest],
            weigh=True,
        )
        return {self.cases[0].name: spell}
