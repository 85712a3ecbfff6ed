"""The registry without HTTP: repositories, their blobs, manifests, tags and referrers, on one storage driver."""

from __future__ import annotations

import logging
from collections.abc import Callable

from entrepot.registry.blobs import Blobs
from entrepot.registry.catalog import Catalog
from entrepot.registry.manifest_cache import ManifestCache
from entrepot.registry.manifests import Manifests
from entrepot.registry.parallel import Parallel
from entrepot.registry.store import Store
from entrepot.registry.tags import Tags
from entrepot.registry.upload_purging import Purge
from entrepot.registry.uploads import Uploads
from entrepot.settings import RegistrySettings
from entrepot_contract import StorageDriver
from entrepot_contract.events import Event

__all__ = ["Registry"]

_log = logging.getLogger(__name__)


class Registry:
    """The content of a registry; ``publish`` is the event callback, or None if there are no listeners."""

    def __init__(
        self, storage: StorageDriver, settings: RegistrySettings, publish: Callable[[Event], None] | None
    ) -> None:
        store = Store(storage)
        self.settings = settings
        self.publish = publish
        self.storage = storage
        cache = ManifestCache(store, settings.manifest_cache_size)
        self.blobs = Blobs(store, cache)
        self.uploads = Uploads(store, self.blobs, _slice_size(settings, storage), settings.upload_held)
        self._parallel = Parallel("registry")
        self.tags = Tags(store, self._parallel)
        self.manifests = Manifests(store, self.blobs, self.tags, cache, self._parallel, settings)
        self.catalog = Catalog(store)
        self._purge = Purge(store, settings.purge)
        if not storage.capabilities.create:
            _log.warning("storage cannot create atomically, only one host may serve it: driver=%s", storage.name)
        kept = storage.capabilities.upload_ttl
        if kept is not None and settings.purge.enabled and kept < settings.purge.age:
            _log.warning(
                "storage deletes unfinished uploads before storage.maintenance.uploadpurging.age, reduce the age: "
                "driver=%s upload_ttl=%s age=%s",
                storage.name,
                kept,
                settings.purge.age,
            )
        self._purge.start()

    def close(self) -> None:
        """Stop the registry's threads and close the storage."""
        self._purge.stop()
        self.manifests.close()
        self._parallel.close()
        self.storage.close()


def _slice_size(settings: RegistrySettings, storage: StorageDriver) -> int:
    """Return the size of an upload's slices, reduced to a multiple of the size that the driver writes best."""
    size, hint = settings.upload_slice, storage.capabilities.part_size_hint
    return size - size % hint if size > hint else size
