"""Push complete images and verify them, request by request."""

from __future__ import annotations

from support.content import OCI_MANIFEST, descriptor, digest_of, encoded, index
from support.images import Package
from support.wire import Answer, Wire

__all__ = ["index_of", "missing_parts", "push_image"]


def push_image(wire: Wire, repository: str, image: Package, *tags: str) -> None:
    """Push an image with some tags, or by its digest if there are none."""
    for blob in image.blobs:
        answer = wire.push_blob(repository, blob)
        assert answer.status == 201, answer
    for reference in tags or (image.digest,):
        answer = wire.push_manifest(repository, reference, image.manifest)
        assert answer.status == 201, answer
        assert answer.headers["docker-content-digest"] == image.digest


def missing_parts(wire: Wire, repository: str, image: Package, *tags: str) -> list[str]:
    """Return the parts of an image that cannot be pulled unchanged; empty if the image is complete."""
    missing = [
        f"{reference}: {answer.status}"
        for reference in (image.digest, *tags)
        if not _is(answer := wire.manifest(repository, reference), image.manifest)
    ]
    for blob in image.blobs:
        answer = wire.blob(repository, digest_of(blob))
        if not _is(answer, blob):
            missing.append(f"{digest_of(blob)}: {answer.status}")
    return missing


def index_of(*images: Package) -> bytes:
    """Return an image index of some images."""
    return encoded(index(*(descriptor(image.manifest, OCI_MANIFEST) for image in images)))


def _is(answer: Answer, data: bytes) -> bool:
    return (
        answer.status == 200
        and answer.body == data
        and answer.headers["docker-content-digest"] == digest_of(data)
        and answer.headers["content-length"] == str(len(data))
    )
