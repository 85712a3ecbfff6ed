"""Tests of ``list_objects`` against a model, over many pages, and beside writers."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import islice
from random import Random

from entrepot_contract import ObjectInfo, StorageDriver
from entrepot_contract.testing.base import Repeat
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import body, for_each, listed, pieces
from entrepot_contract.testing.storage.resources import assert_nothing_stays, leave_listings
from entrepot_contract.testing.storage.tree import ALIKE

__all__ = ["PagingContract"]

REST = (256, 1000, 1, 255, 257, 999, 1001, 1002, 1003)
"""How many keys a listing has left: around the sizes of pages of usual backends."""


def model(keys: Iterable[str], prefix: str, after: str, shallow: bool) -> list[str]:
    """Return what a listing must yield."""
    found = set()
    for key in keys:
        if key.startswith(prefix):
            head, slash, _ = key[len(prefix) :].partition("/")
            found.add(prefix + head + slash if shallow else key)
    return sorted(each for each in found if each > after)


def starts(keys: Sequence[str], prefix: str) -> list[str]:
    """Return values of ``start_after`` at, before, between and behind the keys, at common prefixes and inside them."""
    folders = {key[: at + 1] for key in keys for at, letter in enumerate(key) if letter == "/"}
    near = {text for key in keys for text in (key[:-1], f"{key}-", f"{key}/", f"{key}0", f"{key}/x", f"{key}zz")}
    return sorted({*keys, *folders, *near, prefix, f"{prefix}zzz", prefix[:-1], "-", "~", "a/b/b/zz", "\x7f"} - {""})


class PagingContract(ContractBase):
    """Tests of long listings."""

    @sentence("list_objects", "``start_after`` is exclusive, and need not exist.")
    @sentence("list_objects", "A prefix consists of complete segments: it is empty, or ends with a slash.")
    @sentence("list_objects", "it is sorted by its key with the slash.")
    def test_list_matches_a_model_for_any_arguments(self, driver: StorageDriver, repeat: Repeat) -> None:
        keys = sorted([*ALIKE, "a/c/1/2/3/4", "a/c/1/2/3/5", "a/c/1/2/4", "a/c/10/2", "a/c/2", "z/z/z/z"])
        for_each(lambda key: driver.put(key, b""), keys)
        folders = sorted({key[: at + 1] for key in keys for at, letter in enumerate(key) if letter == "/"})
        prefixes = ["", *folders, "missing/", "a/b/missing/", "a/b-c/", "con/", "zz/"]
        chance = Random(18)  # noqa: S311 - the same choice in every run
        asked = [(prefix, after, shallow) for prefix in prefixes for shallow in (False, True) for after in [""]]
        for prefix in ("", "a/", "a/b/", "a/c/", "a/c/1/", "_/"):
            places = starts(keys, prefix)
            for shallow in (False, True):
                asked += [(prefix, after, shallow) for after in chance.sample(places, repeat(60))]
                asked += [(prefix, after, shallow) for after in (prefix, "a/b/", "a/b/c", "a/c/1/2/3/4", "a/c/1", "~")]

        def check(arguments: tuple[str, str, bool]) -> None:
            prefix, after, shallow = arguments
            found = listed(driver, prefix, start_after=after, shallow=shallow)
            expected = model(keys, prefix, after, shallow)
            assert found == expected, f"prefix={prefix!r}, start_after={after!r}, shallow={shallow}"

        for_each(check, asked)

    @sentence("list_objects", "Iterate over the objects below a prefix, in byte-lexicographic order of their keys.")
    @sentence("list_objects", "An object that exists during the whole listing is listed exactly once")
    @sentence("list_objects", "whatever is written or deleted meanwhile.")
    @sentence("delete", "``keys`` may be any iterable, also a listing of the same driver.")
    def test_list_joins_pages_without_gaps_or_repeats(self, driver: StorageDriver) -> None:
        # Each key of "p/" has neighbours that begin with its whole text; "c/" has over a page of common prefixes.
        keys = sorted(f"p/{number:03}{more}" for number in range(335) for more in ("", "-", ".b"))
        below = [f"c/{number:04}/x" for number in range(1001)]
        for_each(lambda key: driver.put(key, key.encode()), [*keys, *below, "o", "q"])
        for prefix, shallow in (("p/", False), ("c/", True)):
            whole = model([*keys, *below], prefix, "", shallow)
            assert listed(driver, prefix, shallow=shallow) == whole, f"all {len(whole)} entries, shallow={shallow}"
            for rest in REST if prefix == "p/" else REST[:2]:
                found = listed(driver, prefix, start_after=whole[-rest - 1], shallow=shallow)
                assert found == whole[-rest:], f"the last {rest} entries, shallow={shallow}"
        assert listed(driver) == [*below, "o", *keys, "q"], "all objects, over several pages"
        sizes = {len(item.key) - item.size for item in driver.list_objects("p/") if isinstance(item, ObjectInfo)}
        assert sizes == {0}, "a listing over several pages has wrong sizes"
        # Each of the folders "c/" and "p/" has objects on several pages.
        assert listed(driver, shallow=True) == ["c/", "o", "p/", "q"], "folders that extend over several pages"
        assert listed(driver, shallow=True, start_after="c/") == ["o", "p/", "q"]
        assert listed(driver, shallow=True, start_after=keys[300]) == ["q"], "a start within a folder"
        assert_nothing_stays(lambda: leave_listings(driver), "listings of several pages that are left early")
        first = [item.key for item in islice(driver.list_objects(), 1500)]
        assert first + listed(driver, start_after=first[-1]) == [*below, "o", *keys, "q"], "a listing that is continued"
        pairs = zip(driver.list_objects("p/"), driver.list_objects("p/", start_after=keys[300]), strict=False)
        both = [(one.key, other.key) for one, other in pairs]
        assert both == list(zip(keys, keys[301:], strict=False)), "two listings that are read in turn"
        self.check_beside_writes(driver, keys)
        self.check_changes(driver)
        driver.delete(item.key for item in driver.list_objects("p/"))
        assert listed(driver, start_after="d") == ["o", "q"], "a deletion of what is being listed must delete all of it"
        driver.delete(below)
        assert listed(driver) == ["o", "q"]

    @staticmethod
    def check_changes(driver: StorageDriver) -> None:
        """Write and delete keys of a large prefix that was listed a moment ago, which a driver may remember."""
        for turn in range(3):
            for key, folder, shallow in (
                (f"p/100_{turn}", "p/", False),
                (f"p/101_{turn}", "p/", True),
                (f"c/0500_{turn}/k", "c/", True),
            ):
                before = listed(driver, folder, shallow=shallow)
                driver.put(key, b"new")
                after = sorted([*before, key.removesuffix("k")])
                assert listed(driver, folder, shallow=shallow) == after, "a large folder is listed without a new key"
                driver.delete([key])
                assert listed(driver, folder, shallow=shallow) == before, "a large folder is listed with a deleted key"

    def check_beside_writes(self, driver: StorageDriver, keys: list[str]) -> None:
        """List while other keys are deleted and written, also the last ones of pages, which were just listed."""
        gone = {key for at, key in enumerate(keys) if at % 100 in {98, 99, 0} or at % 256 in {254, 255, 0}}
        kept = [key for key in keys if key not in gone]
        written: list[str] = []
        seen: list[str] = []
        for item in driver.list_objects("p/"):
            seen.append(item.key)
            if item.key in gone:
                driver.delete([item.key])
            if len(seen) % 400 == 150:
                new = [f"p/{number:03}_" for number in (len(seen) // 10, len(seen) // 3, 334)]
                for_each(lambda key: driver.put(key, b""), new)
                written += new
        assert seen == sorted(set(seen)), "a listing beside writes must stay in order, and repeat nothing"
        lost = set(kept) - set(seen)
        assert not lost, f"{len(lost)} keys that were there all the time were not listed beside writes"
        assert set(seen) <= {*keys, *written}, "a listing must not invent keys"

    @sentence("list_objects", "Unfinished uploads and the driver's own working files are never listed.")
    def test_list_never_shows_large_uploads(self, driver: StorageDriver, part: int) -> None:
        driver.put("a/there", b"object")
        states = []
        for number in range(3):
            state = driver.upload_start(f"a/upload/{number}")
            for size in (part + 1, part, 10)[number:]:
                state = driver.upload_append(state, pieces(body(size), 1_000_000))
            states.append(state)
        for prefix in ("", "a/", "a/upload/", "_uploads/", "a/upload/0/"):
            for shallow in (False, True):
                found = listed(driver, prefix, shallow=shallow)
                assert found == model(["a/there"], prefix, "", shallow), "parts of uploads must not be listed"
        driver.upload_abort(states[0])
        driver.upload_commit(states[1], target="a/done")
        assert listed(driver) == ["a/done", "a/there"]
        driver.upload_abort(states[2])
        driver.delete(["a/done", "a/there"])
        assert listed(driver) == [], "nothing of ended uploads must be listed"
