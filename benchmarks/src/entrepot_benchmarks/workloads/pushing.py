"""Pushes of images with one layer, with the two methods of zot's zb, and of single blobs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import count

from entrepot_benchmarks.load.image import OCTETS, Image, push_image, put_manifest, with_digest
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.results.model import CaseInfo, Spell
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.workloads.names import EVERY_ROUND, slug
from entrepot_benchmarks.workloads.size_mix import SizeMix
from entrepot_benchmarks.workloads.turns import load_and_forget

__all__ = ["Push", "PushBlobs", "PushImages", "as_docker", "chunked", "monolithic"]

Push = Callable[[Connection, str, str, Image], int]
"""Pushes an image to a repository with a tag, and returns its size."""

MEASURE_MEMORY_FROM = 10 * 2**20


def monolithic(connection: Connection, repository: str, tag: str, image: Image) -> int:
    """Push each blob with POST and PUT (distribution-spec, "Pushing a blob monolithically"), like zb."""
    for layer in image.layers:
        started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
        connection.send("PUT", with_digest(started.location, layer.digest), layer, expect=201)
    return _end(connection, repository, tag, image)


def chunked(connection: Connection, repository: str, tag: str, image: Image) -> int:
    """Push each layer with POST, PATCH, PUT (distribution-spec, "Pushing a blob in chunks") in one chunk, like zb."""
    for layer in image.layers:
        started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
        span = {"Content-Range": f"0-{layer.size - 1}"}
        patched = connection.send("PATCH", started.location, layer, headers=span, expect=202)
        connection.request("PUT", with_digest(patched.location, layer.digest), expect=201)
    return _end(connection, repository, tag, image)


def as_docker(connection: Connection, repository: str, tag: str, image: Image) -> int:
    """Push each blob with HEAD, POST, PATCH, PUT, like Docker Engine; for small layers."""
    push_image(connection, repository, tag, image)
    return image.size


def _end(connection: Connection, repository: str, tag: str, image: Image) -> int:
    started = connection.request("POST", f"/v2/{repository}/blobs/uploads/", expect=202)
    ends = with_digest(started.location, image.config_digest)
    connection.request("PUT", ends, body=image.config, headers=OCTETS, expect=201)
    put_manifest(connection, repository, tag, image)
    return image.size


class PushImages:
    """Pushes images of a mix with unique tags, into a new repository in each turn."""

    def __init__(self, run: str, case: CaseInfo, size_mix: SizeMix, push: Push, clients: Sequence[int]) -> None:
        self.cases = (case,)
        self.clients = clients
        self.most_rounds = EVERY_ROUND
        self._run, self._size_mix, self._push = run, size_mix, push
        self._turns = count()

    def prepare(self, target: Target) -> None:
        """Do nothing: pushes need no data."""

    def forget(self, target: Target) -> None:
        """Do nothing: each turn removes its data."""

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        """Push images for about ``seconds``, and at least one complete mix."""
        name = f"{slug(self.cases[0].name)}-{next(self._turns)}"
        repository = f"{self._run}/{name}"

        def client(index: int) -> Callable[[], Callable[[int], int]]:
            def start() -> Callable[[int], int]:
                connection = target.connect()

                def push(number: int) -> int:
                    image = self._size_mix.image(name, index, number, clients)
                    return self._push(connection, repository, f"t-{index}-{number}", image)

                return push

            return start

        def pushed(index: int, number: int) -> Iterable[str]:
            return self._size_mix.image(name, index, number, clients).digests

        spell = load_and_forget(
            target,
            [client(index) for index in range(clients)],
            seconds,
            repository,
            pushed,
            least=self._size_mix.least(clients),
            weigh=max(self._size_mix.sizes) >= MEASURE_MEMORY_FROM,
        )
        return {self.cases[0].name: spell}


class PushBlobs:
    """Pushes single blobs with the target's ``push``, each on a new connection."""

    def __init__(
        self, run: str, case: CaseInfo, size_mix: SizeMix, clients: Sequence[int], *, most_rounds: int = EVERY_ROUND
    ) -> None:
        self.cases = (case,)
        self.clients = clients
        self.most_rounds = most_rounds
        self._run, self._size_mix = run, size_mix
        self._turns = count()

    def prepare(self, target: Target) -> None:
        """Do nothing: pushes need no data."""

    def forget(self, target: Target) -> None:
        """Do nothing: each turn removes its data."""

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        """Push blobs for about ``seconds``, and at least one per client."""
        name = f"{slug(self.cases[0].name)}-{next(self._turns)}"
        repository = f"{self._run}/{name}"

        def blob(index: int, number: int) -> Payload:
            return self._size_mix.image(name, index, number, clients).layers[0]

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
