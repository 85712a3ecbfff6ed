"""Check that a repository has everything that a manifest references (distribution-spec, "Pushing Manifests")."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

from entrepot.errors import ManifestBlobUnknown, ManifestInvalid
from entrepot.registry.blobs import Blob, Blobs
from entrepot.registry.manifest import Manifest, Reference
from entrepot.registry.names import Digest
from entrepot.settings import Platform, RegistrySettings

__all__ = ["References"]

_MAX_MISSING: Final = 100
_THREADS: Final = 16
_BATCH: Final = 64
"""References of one manifest queued for the threads at once, so that other manifests are served as well."""

_SLOW: Final = 0.001
"""Seconds: if one lookup takes longer, the others are done concurrently."""

Lookup = Callable[[Reference], Blob | None]


class References:
    """Checks each descriptor of a manifest once: its link, and its bytes in the storage.

    The bytes of layers and configurations are not read: only their size is compared with the descriptor. Children that
    are manifests are read and verified, unless they are cached.
    """

    def __init__(self, blobs: Blobs, settings: RegistrySettings) -> None:
        self._blobs = blobs
        self._settings = settings
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="references")

    def check(self, name: str, manifest: Manifest) -> None:
        """Raise ManifestBlobUnknown if something is missing, ManifestInvalid if a size or URL is wrong."""
        wanted: dict[Digest, Reference] = {}
        for blob in manifest.blobs:
            if blob.foreign:
                self._check_urls(blob)
            else:
                wanted[blob.digest] = blob
        self._check_all(wanted.values(), lambda blob: self._blobs.find(name, blob.digest))
        children = {child.digest: child for child in manifest.children if self._needed(child)}
        self._check_all(children.values(), lambda child: self._blobs.find_child(name, child.digest))

    def _check_all(self, references: Iterable[Reference], look_up: Lookup) -> None:
        missing: list[Digest] = []
        wrong: tuple[Reference, Blob] | None = None
        for reference, found in self._look_up_all(iter(references), look_up):
            if found is None:
                missing.append(reference.digest)
                if len(missing) == _MAX_MISSING:
                    break
            elif found.size != reference.size:
                wrong = wrong or (reference, found)
        if missing:
            raise ManifestBlobUnknown([{"digest": str(digest)} for digest in missing])
        if wrong is not None:
            reference, found = wrong
            raise ManifestInvalid(
                f"the descriptor of {reference.digest} has size {reference.size}, but the blob has {found.size} bytes; "
                "if the descriptor is right, delete that blob and push it again"
            )

    def close(self) -> None:
        """Stop the threads. Idempotent."""
        self._threads.shutdown(cancel_futures=True)

    def _look_up_all(self, references: Iterator[Reference], look_up: Lookup) -> Iterator[tuple[Reference, Blob | None]]:
        for reference in references:
            start = perf_counter()
            found = look_up(reference)
            slow = perf_counter() - start > _SLOW
            yield reference, found
            if slow:
                break
        while batch := list(islice(references, _BATCH)):
            yield from zip(batch, self._threads.map(look_up, batch), strict=True)

    def _needed(self, child: Reference) -> bool:
        policy = self._settings.index
        if policy.require == "list":
            return Platform(child.architecture or "", child.os or "") in policy.platforms
        return policy.require == "all"

    def _check_urls(self, layer: Reference) -> None:
        policy = self._settings.urls
        for url in layer.urls:
            allowed = not policy.allow or any(pattern.search(url) for pattern in policy.allow)
            denied = any(pattern.search(url) for pattern in policy.deny)
            if not _is_http(url) or not allowed or denied:
                raise ManifestInvalid(f"the URL {url[:255]} of a layer is not allowed")


def _is_http(url: str) -> bool:
    try:
        parts = urlsplit(url)
    except ValueError:
        return False
    return parts.scheme in ("http", "https") and bool(parts.netloc) and not parts.fragment
