"""What is in a registry before the first round, for everything that reads."""

from __future__ import annotations

import hashlib
import os

from entrepot_benchmarks.load.image import make_image, push_blob, push_image, put_manifest
from entrepot_benchmarks.load.payload import Payload
from entrepot_benchmarks.targets.registry import Registry

__all__ = ["REPOSITORY", "Seed"]

REPOSITORY = "bench/seed"
TAGS = 100


class Seed:
    """An image under 100 tags, a blob of 1 KiB and a large one; the paths are those below /v2/."""

    def __init__(self, large: Payload) -> None:
        self.large = large
        self._small = os.urandom(1024)
        self._small_digest = f"sha256:{hashlib.sha256(self._small).hexdigest()}"
        self._image = make_image()
        self.manifest = f"{REPOSITORY}/manifests/tag-050"
        self.small_blob = f"{REPOSITORY}/blobs/{self._small_digest}"
        self.large_blob = f"{REPOSITORY}/blobs/{large.digest}"
        self.tags = f"{REPOSITORY}/tags/list"

    def sow(self, registry: Registry) -> None:
        """Push all of it, and check by a pull that the large blob came whole."""
        registry.push(REPOSITORY, self.large)
        with registry.connect() as connection:
            push_blob(connection, REPOSITORY, self._small_digest, self._small)
            push_image(connection, REPOSITORY, "tag-000", self._image)
            for number in range(1, TAGS):
                put_manifest(connection, REPOSITORY, f"tag-{number:03}", self._image)
            connection.pull(f"/v2/{self.large_blob}", digest=self.large.digest)
