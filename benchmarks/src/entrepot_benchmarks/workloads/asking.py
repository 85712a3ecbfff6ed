"""Repeated small requests: manifests, lists, a small blob."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Final

from entrepot_benchmarks.errors import BenchmarkError
from entrepot_benchmarks.load.image import IMAGE_MANIFEST, image_of, push_image, put_manifest, with_digest
from entrepot_benchmarks.load.payload import PayloadSource
from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.results.model import CaseInfo, Spell
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.workloads.names import EVERY_ROUND
from entrepot_benchmarks.workloads.turns import load

__all__ = ["Question", "SmallRequests", "SmallSeed"]

TAGS: Final = 100
LAST_TAG: Final = f"tag-{TAGS - 1:03}"
REPOSITORIES: Final = 20


@dataclass(frozen=True, slots=True)
class Question:
    """A request with its method and path, and its case."""

    case: CaseInfo
    method: str
    path: str
    accept: str = IMAGE_MANIFEST


class SmallSeed:
    """An image of 1 KiB with 100 tags, and other repositories with the same image for the catalog."""

    def __init__(self, run: str, others: int = REPOSITORIES) -> None:
        self._stack = ExitStack()
        source = PayloadSource(1024)
        self._stack.callback(source.close)
        self._image = image_of([source.make("seed")])
        self.repository = f"{run}/small"
        self.blob = self._image.layers[0].digest
        self._others = [f"{run}/catalog-{number:02}" for number in range(others)]

    def sow(self, target: Target) -> None:
        """Push the images unless they exist already."""
        with target.connect() as connection:
            last = f"{self._others[-1]}/manifests/latest" if self._others else f"{self.repository}/manifests/{LAST_TAG}"
            if connection.ask("HEAD", f"/v2/{last}", headers={"Accept": IMAGE_MANIFEST}).status == 200:
                return
            push_image(connection, self.repository, "tag-000", self._image)
            for number in range(1, TAGS):
                put_manifest(connection, self.repository, f"tag-{number:03}", self._image)
            for repository in self._others:
                for digest, data in self._blobs().items():
                    self._mount(connection, repository, digest, data)
                put_manifest(connection, repository, "latest", self._image)

    def forget(self, target: Target) -> None:
        """Remove the images."""
        target.forget([self.repository, *self._others], self._image.digests)

    def close(self) -> None:
        """Release the memory."""
        self._stack.close()

    def _blobs(self) -> Mapping[str, bytes]:
        layer = self._image.layers[0]
        return {layer.digest: layer.content(), self._image.config_digest: self._image.config}

    def _mount(self, connection: Connection, repository: str, digest: str, data: bytes) -> None:
        path = f"/v2/{repository}/blobs/uploads/?mount={digest}&from={self.repository}"
        answer = connection.ask("POST", path)
        if (
            answer.status == 202
        ):  # a registry may decline (distribution-spec, "Mounting a blob from another repository")
            octets = {"Content-Type": "application/octet-stream"}
            connection.request("PUT", with_digest(answer.location, digest), body=data, headers=octets, expect=201)
        elif answer.status != 201:
            raise BenchmarkError(f"POST {path} answered {answer.status}: {answer.body[:300]!r}")


class SmallRequests:
    """A request repeated by a number of concurrent clients."""

    def __init__(self, seed: SmallSeed, question: Question, clients: Sequence[int]) -> None:
        self.cases = (question.case,)
        self.clients = clients
        self.most_rounds = EVERY_ROUND
        self._seed = seed
        self._question = question

    def prepare(self, target: Target) -> None:
        """Push the images, and send the request once to warm up caches."""
        self._seed.sow(target)
        with target.connect() as connection:
            self._ask(connection)()

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        """Send requests for ``seconds``."""
        return {self.cases[0].name: load(target, [self._asking(target)] * clients, seconds)}

    def forget(self, target: Target) -> None:
        """Remove the images."""
        self._seed.forget(target)

    def _asking(self, target: Target) -> Callable[[], Callable[[int], int]]:
        def start() -> Callable[[int], int]:
            ask = self._ask(target.connect())
            return lambda number: ask()

        return start

    def _ask(self, connection: Connection) -> Callable[[], int]:
        return connection.again(self._question.method, self._question.path, {"Accept": self._question.accept})
