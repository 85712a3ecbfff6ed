"""Pulls of images with one layer, like zot's zb, and of single blobs."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from entrepot_benchmarks.load.image import IMAGE_MANIFEST, Image
from entrepot_benchmarks.load.wire import Connection
from entrepot_benchmarks.results.model import CaseInfo, Spell
from entrepot_benchmarks.target import Target
from entrepot_benchmarks.workloads.names import EVERY_ROUND, slug
from entrepot_benchmarks.workloads.pushing import monolithic
from entrepot_benchmarks.workloads.size_mix import SizeMix
from entrepot_benchmarks.workloads.turns import load

__all__ = ["PullBlobs", "PullImages", "pull_image"]

ACCEPT = {"Accept": IMAGE_MANIFEST}
MEASURE_MEMORY_FROM = 10 * 2**20


def pull_image(connection: Connection, repository: str, tag: str, image: Image) -> int:
    """HEAD and GET the manifest, then the config and each layer. Return the size of the image."""
    connection.request("HEAD", f"/v2/{repository}/manifests/{tag}", headers=ACCEPT, expect=200)
    connection.request("GET", f"/v2/{repository}/manifests/{tag}", headers=ACCEPT, expect=200)
    for digest in (image.config_digest, *(layer.digest for layer in image.layers)):
        connection.request("HEAD", f"/v2/{repository}/blobs/{digest}", expect=200)
        connection.pull(f"/v2/{repository}/blobs/{digest}")
    return image.size


class PullImages:
    """Repeatedly pulls one image of each size of a mix, from the page cache if there is one."""

    def __init__(self, run: str, case: CaseInfo, size_mix: SizeMix, clients: Sequence[int]) -> None:
        self.cases = (case,)
        self.clients = clients
        self.most_rounds = EVERY_ROUND
        self._size_mix = size_mix
        self._repository = f"{run}/{slug(case.name)}"
        self._images = {size: size_mix.fixed(case.name, size) for size in size_mix.sizes}

    def prepare(self, target: Target) -> None:
        """Push the images, and verify each by pulling it."""
        with target.connect() as connection:
            for size, image in self._images.items():
                monolithic(connection, self._repository, f"s-{size}", image)
                for layer in image.layers:
                    connection.pull(f"/v2/{self._repository}/blobs/{layer.digest}", digest=layer.digest)

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        """Pull for about ``seconds``, and at least one complete mix."""

        def client(index: int) -> Callable[[], Callable[[int], int]]:
            def start() -> Callable[[int], int]:
                connection = target.connect()

                def pull(number: int) -> int:
                    size = self._size_mix.size(index, number, clients)
                    return pull_image(connection, self._repository, f"s-{size}", self._images[size])

                return pull

            return start

        spell = load(
            target,
            [client(index) for index in range(clients)],
            seconds,
            least=self._size_mix.least(clients),
            weigh=max(self._size_mix.sizes) >= MEASURE_MEMORY_FROM,
        )
        return {self.cases[0].name: spell}

    def forget(self, target: Target) -> None:
        """Remove the images."""
        target.forget([self._repository], [digest for image in self._images.values() for digest in image.digests])


class PullBlobs:
    """Repeatedly pulls one blob, with one connection per client."""

    def __init__(self, run: str, case: CaseInfo, size_mix: SizeMix, clients: Sequence[int]) -> None:
        self.cases = (case,)
        self.clients = clients
        self.most_rounds = EVERY_ROUND
        self._repository = f"{run}/{slug(case.name)}"
        (size,) = size_mix.sizes
        self._blob = size_mix.fixed(case.name, size).layers[0]
        self._path = f"/v2/{self._repository}/blobs/{self._blob.digest}"

    def prepare(self, target: Target) -> None:
        """Push the blob, and verify it by pulling it."""
        target.push(self._repository, self._blob)
        with target.connect() as connection:
            connection.pull(self._path, digest=self._blob.digest)

    def turn(self, target: Target, clients: int, seconds: float) -> Mapping[str, Spell]:
        """Pull for about ``seconds``."""

        def start() -> Callable[[int], int]:
            connection = target.connect()
            return lambda number: connection.pull(self._path)

        return {
            self.cases[0].name: load(target, [start] * clients, seconds, weigh=self._blob.size >= MEASURE_MEMORY_FROM)
        }

    def forget(self, target: Target) -> None:
        """Remove the blob."""
        target.forget([self._repository], [self._blob.digest])
