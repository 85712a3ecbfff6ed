"""Drivers with a broken ``delete``."""

from __future__ import annotations

from collections.abc import Iterable

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import DeleteFailed, Denied, ObjectInfo


@caught_by("test_delete_leaves_only_the_keys_that_it_names")
class DeleteStopsSilently(HonestDriver):
    """Deletes the first fifty keys and forgets the others."""

    def delete(self, keys: Iterable[str]) -> None:
        super().delete(list(keys)[:50])


@caught_by("test_delete_leaves_only_the_keys_that_it_names")
class DeleteNamesTooFew(HonestDriver):
    """Names only one of many keys that were not deleted."""

    def delete(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        super().delete(keys[:50])
        if keys[50:]:
            failed = {keys[50]: self.fail(Denied, "delete", keys[50])}
            raise DeleteFailed("refused", driver=self.name, operation="delete", failed=failed)


@caught_by("test_delete_leaves_only_the_keys_that_it_names")
class DeleteReadsItsKeysTwice(HonestDriver):
    """Exhausts the iterator of keys by counting them."""

    def delete(self, keys: Iterable[str]) -> None:
        if sum(1 for _ in keys):
            super().delete(keys)


@caught_by("test_delete_of_a_missing_key_is_no_error")
class DeleteMissesKeys(HonestDriver):
    """Raises for a missing key."""

    def delete(self, keys: Iterable[str]) -> None:
        keys = list(keys)
        for key in keys:
            self.stat(key)
        super().delete(keys)


@caught_by("test_delete_takes_nothing_below_or_beside_a_key")
class DeleteRecurses(HonestDriver):
    """Deletes everything below a key."""

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            below = [item.key for item in self.list_objects(f"{key}/") if isinstance(item, ObjectInfo)]
            super().delete([key, *below])


@caught_by("test_delete_takes_nothing_below_or_beside_a_key")
class DeleteTakesNeighbours(HonestDriver):
    """Deletes every key that begins like the one given."""

    def delete(self, keys: Iterable[str]) -> None:
        for key in keys:
            if any(item.key == key for item in self.list_objects()):
                super().delete([item.key for item in self.list_objects() if item.key.startswith(key)])
