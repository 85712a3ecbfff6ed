"""Deletion of abandoned uploads (distribution-spec, "Cancel a blob upload")."""

from __future__ import annotations

import logging
import random
from datetime import UTC, datetime
from itertools import groupby
from threading import Event, Thread

from entrepot.errors import RegistryError
from entrepot.registry import layout
from entrepot.registry.catalog import Catalog
from entrepot.registry.store import Store
from entrepot.registry.upload_records import UploadRecords
from entrepot.settings import PurgeSettings
from entrepot_contract import ObjectInfo, StorageError

__all__ = ["Purge"]

_log = logging.getLogger(__name__)


class Purge:
    """A thread that periodically deletes uploads whose last byte was received too long ago.

    Several hosts may do this at the same time: deletion is idempotent.
    """

    def __init__(self, store: Store, settings: PurgeSettings) -> None:
        self._store = store
        self._settings = settings
        self._records = UploadRecords(store)
        self.left = 0
        """Number of uploads that the last run left, because they are not old enough or could not be deleted."""
        self._stop = Event()
        self._catalog = Catalog(store, self._stop.is_set)
        self._thread = Thread(target=self._loop, name="purge", daemon=True)

    def start(self) -> None:
        """Start the thread, if purging is enabled."""
        if self._settings.enabled:
            self._thread.start()

    def stop(self) -> None:
        """Stop the thread after the current deletion."""
        self._stop.set()
        if self._thread.is_alive():
            self._thread.join()

    def run(self) -> int:
        """Delete old uploads once; returns how many were deleted, or would have been in a dry run."""
        dropped = seen = 0
        for uuid, records in groupby(self._records.listed(), lambda item: layout.record_number(item.key)[0]):
            if self._stop.is_set():
                break
            seen += 1
            try:
                dropped += self._drop_if_old(uuid, list(records))
            except (StorageError, RegistryError) as error:
                _log.warning("upload not purged, will retry: uuid=%s error=%s", uuid, error)
        self.left = seen - dropped
        if not self._settings.dry_run:
            staged = self._store.driver.list_objects(layout.STAGED)
            old = [item.key for item in staged if isinstance(item, ObjectInfo) and self._old(item.modified)]
            if old:
                self._store.driver.delete(old)
        return dropped + self._drop_distribution_uploads()

    def _loop(self) -> None:
        # Hosts that were started together must not all list the storage at the same moment.
        wait = self._settings.interval.total_seconds()
        delay = wait * random.random()  # noqa: S311 - not security-relevant
        while not self._stop.wait(delay):
            delay = wait
            try:
                dropped = self.run()
            except StorageError as error:
                _log.warning("uploads not listed for purge, will retry: error=%s", error)
            else:
                what = "uploads that would be purged" if self._settings.dry_run else "uploads purged"
                _log.info("%s: count=%d left=%d", what, dropped, self.left)

    def _drop_distribution_uploads(self) -> int:
        """Delete old uploads that Distribution left in repositories before entrepot served this storage.

        The newest object of an upload determines its age: ``startedat`` is as old as the upload, and shows the age of
        its data if the backend lists none before the commit. Such data is deleted by the backend's own lifecycle rules.
        """
        dropped = 0
        for name in self._catalog.holding(layout.PEER_UPLOADS):
            for uuid in self._store.names(layout.peer_uploads(name)):
                if self._stop.is_set():
                    return dropped
                listed = self._store.driver.list_objects(f"{layout.peer_uploads(name)}{uuid}/")
                parts = [item for item in listed if isinstance(item, ObjectInfo)]
                if not parts or not self._old(max(item.modified for item in parts)):
                    continue
                dropped += 1
                if self._settings.dry_run:
                    _log.info("upload of Distribution would be purged: uuid=%s repository=%s", uuid, name)
                else:
                    self._store.driver.delete([item.key for item in parts])
        return dropped

    def _drop_if_old(self, uuid: str, records: list[ObjectInfo]) -> int:
        if not self._old(max(item.modified for item in records)):
            return 0
        if self._settings.dry_run:
            _log.info("upload would be purged: uuid=%s", uuid)
            return 1
        record = self._records.read(uuid, layout.record_number(records[-1].key)[1])
        if record is not None and record.state is not None:
            self._store.driver.upload_abort(record.state)
        self._store.driver.delete([item.key for item in records])
        return 1

    def _old(self, modified: datetime) -> bool:
        return datetime.now(UTC) - modified > self._settings.age
