"""The directory tree: compatibility with Distribution, deletes, kills and concurrent changes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from entrepot_contract import NotFound, Prefix, WriteMode
from entrepot_storage_fs import FilesystemDriver


def files(root: Path) -> list[str]:
    return sorted(str(path.relative_to(root)) for path in root.rglob("*") if path.is_file())


def test_a_key_is_the_path_of_its_file(driver: FilesystemDriver, tmp_path: Path) -> None:
    driver.put("docker/registry/v2/x/link", b"put")
    driver.upload_commit(driver.upload_append(driver.upload_start("u"), [b"up"]), target="docker/registry/v2/data")
    driver.put("docker/old", b"moved")
    driver.move("docker/old", "docker/new/data")
    root = tmp_path / "root"
    assert files(root) == ["docker/new/data", "docker/registry/v2/data", "docker/registry/v2/x/link"]
    assert (root / "docker/registry/v2/data").read_bytes() == b"up"
    driver.delete(["docker/new/data", "docker/registry/v2/data", "docker/registry/v2/x/link"])
    assert files(root) == []


def test_a_delete_removes_only_its_file_and_empty_directories_below_the_kept_levels(
    driver: FilesystemDriver, tmp_path: Path
) -> None:
    driver.put("a/b/c/d/e/f", b"")
    driver.put("a/b/c/g", b"")
    driver.delete(["a", "a/b", "a/b/c/g/h", "missing/x", "a/b/c/d/e/f"])
    assert files(tmp_path / "root") == ["a/b/c/g"]
    assert not (tmp_path / "root/a/b/c/d").exists()
    driver.delete(["a/b/c/g"])
    assert (tmp_path / "root/a/b/c").exists()


def test_an_empty_kept_directory_is_not_listed_and_is_replaced_by_an_object(
    driver: FilesystemDriver, tmp_path: Path
) -> None:
    driver.put("a/b/c", b"")
    assert list(driver.list_objects(shallow=True)) == [Prefix("a/")]
    assert list(driver.list_objects("a/", shallow=True)) == [Prefix("a/b/")]
    driver.delete(["a/b/c"])
    assert (tmp_path / "root/a/b").exists()
    assert list(driver.list_objects(shallow=True)) == []
    assert list(driver.list_objects("a/", shallow=True)) == []
    assert driver.put("a/b", b"object", mode=WriteMode.CREATE).size == 6
    driver.delete(["a/b"])
    driver.put("b/c/d", b"")
    driver.move("b/c/d", "a")
    assert driver.upload_commit(driver.upload_start("b")).key == "b"
    assert [info.key for info in driver.list_objects()] == ["a", "b"]


def test_empty_directories_and_invalid_names_are_never_listed(driver: FilesystemDriver, tmp_path: Path) -> None:
    driver.put("tags/v1/current/link", b"")
    root = tmp_path / "root"
    for empty in ("tags/v0/current", "tags/v2/current/deep", "other"):
        (root / empty).mkdir(parents=True)
    for foreign in (".hidden", "tags/.nfs0001", "tags/-x", "tags/with space", os.fsdecode(b"tags/\xff")):
        (root / foreign).write_bytes(b"")
    assert [item.key for item in driver.list_objects()] == ["tags/v1/current/link"]
    assert list(driver.list_objects(shallow=True)) == [Prefix("tags/")]
    assert list(driver.list_objects("tags/", shallow=True)) == [Prefix("tags/v1/")]
    assert list(driver.list_objects("other/", shallow=True)) == []


def test_a_deleted_directory_is_no_longer_listed(driver: FilesystemDriver) -> None:
    for tag in ("v1", "v2"):
        driver.put(f"r/tags/{tag}/current/link", b"")
    assert list(driver.list_objects("r/tags/", shallow=True)) == [Prefix("r/tags/v1/"), Prefix("r/tags/v2/")]
    driver.delete(["r/tags/v1/current/link"])
    assert list(driver.list_objects("r/tags/", shallow=True)) == [Prefix("r/tags/v2/")]
    driver.move("r/tags/v2/current/link", "r/tags/v3/current/link")
    assert list(driver.list_objects("r/tags/", shallow=True)) == [Prefix("r/tags/v3/")]


def test_a_known_directory_is_not_opened_again_to_list_its_parent(driver: FilesystemDriver, tmp_path: Path) -> None:
    for tag in range(50):
        driver.put(f"r/tags/{tag:02}/current/link", b"")
    expected = [Prefix(f"r/tags/{tag:02}/") for tag in range(50)]
    assert list(driver.list_objects("r/tags/", shallow=True)) == expected
    for tag in range(50):
        os.utime(tmp_path / f"root/r/tags/{tag:02}", ns=(0, 1))
        os.utime(tmp_path / f"root/r/tags/{tag:02}/current", ns=(0, 1))
    assert list(driver.list_objects("r/tags/", shallow=True)) == expected
    # relatime: the first read of a directory after a change would have updated its atime.
    assert {os.stat(tmp_path / f"root/r/tags/{tag:02}").st_atime_ns for tag in range(50)} == {0}


SEGMENT = st.sampled_from(["a", "a-", "a.b", "a0", "b", "Z", "_x", "0"])
KEYS = st.lists(st.lists(SEGMENT, min_size=1, max_size=4).map("/".join), max_size=12)


@settings(deadline=None)
@given(keys=KEYS, after=KEYS.map(lambda keys: "".join(keys[:1])), slash=st.booleans())
def test_a_listing_is_sorted_by_key_across_directories(keys: list[str], after: str, slash: bool) -> None:
    stored = sorted({f"{key}/z" for key in keys}, key=str.encode)
    start = after + "/" * slash
    with tempfile.TemporaryDirectory() as root:
        driver = FilesystemDriver.from_config({"rootdirectory": root})
        for key in stored:
            driver.put(key, b"")
        assert [info.key for info in driver.list_objects(start_after=start)] == [k for k in stored if k > start]
        entries = sorted({key[: key.index("/") + 1] for key in stored}, key=str.encode)
        listed = [prefix.key for prefix in driver.list_objects(start_after=start, shallow=True)]
        assert listed == [entry for entry in entries if entry > start]


def test_puts_and_deletes_below_one_directory_never_lose_a_put(driver: FilesystemDriver) -> None:
    failures: list[BaseException] = []
    end = time.monotonic() + 2

    def work(name: str) -> None:
        try:
            while time.monotonic() < end:
                driver.put(f"a/b/c/{name}", name.encode())
                driver.move(f"a/b/c/{name}", f"a/d/{name}")
                assert driver.stat(f"a/d/{name}").size == len(name)
                driver.upload_commit(driver.upload_start(f"a/b/{name}/u"))
                driver.delete([f"a/d/{name}", f"a/b/{name}/u"])
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(name,)) for name in ("one", "two", "three")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    assert list(driver.list_objects()) == []


def test_an_object_that_is_replaced_twice_never_gets_an_old_etag(driver: FilesystemDriver) -> None:
    etags = [driver.put("k", b"%03d" % number).etag for number in range(200)]
    assert len(set(etags)) == 200
    assert driver.stat("k").etag == etags[-1]


KILLED = """
import sys
from entrepot_storage_fs import FilesystemDriver
driver = FilesystemDriver.from_config({"rootdirectory": sys.argv[1]})
number = 0
while True:
    driver.put("k", bytes([number % 256]) * 300_000)
    print(number, flush=True)
    number += 1
"""


def test_a_killed_put_leaves_no_object(driver: FilesystemDriver, tmp_path: Path) -> None:
    root = tmp_path / "root"
    for wait in (0.0, 0.001, 0.003, 0.007):
        with subprocess.Popen([sys.executable, "-c", KILLED, str(root)], stdout=subprocess.PIPE) as child:
            assert child.stdout is not None
            child.stdout.readline()
            time.sleep(wait)
            child.send_signal(signal.SIGKILL)
        with driver.read("k") as reader:
            content = b"".join(reader)
        assert len(content) == 300_000
        assert len(set(content)) == 1
        assert [info.key for info in driver.list_objects()] == ["k"]


def test_a_failed_create_leaves_nothing_behind(driver: FilesystemDriver, tmp_path: Path) -> None:
    driver.put("k", b"first", mode=WriteMode.CREATE)
    with pytest.raises(FileExistsError):
        driver.put("k", b"other", mode=WriteMode.CREATE)
    assert files(tmp_path / "root") == ["k"]
    assert os.stat(tmp_path / "root/k").st_nlink == 1


def test_a_symlink_is_followed_and_a_dangling_one_is_missing(driver: FilesystemDriver, tmp_path: Path) -> None:
    driver.put("a/k", b"bytes")
    os.symlink(tmp_path / "root/a", tmp_path / "root/linked")
    os.symlink("nowhere", tmp_path / "root/dangling")
    assert driver.stat("linked/k").size == 5
    assert [info.key for info in driver.list_objects()] == ["a/k", "linked/k"]
    with pytest.raises(NotFound):
        driver.stat("dangling")


def test_writes_return_the_same_info_as_stat(driver: FilesystemDriver, tmp_path: Path) -> None:
    assert driver.put("put", b"1") == driver.stat("put")
    assert driver.put("created", b"12", mode=WriteMode.CREATE) == driver.stat("created")
    assert driver.upload_commit(driver.upload_append(driver.upload_start("up"), [b"123"])) == driver.stat("up")
    assert driver.move("up", "a/moved") == driver.stat("a/moved")
    for key in ("put", "created", "a/moved"):
        assert (tmp_path / "root" / key).stat().st_mode & 0o777 == 0o644, "everybody who can enter the root can read"


def test_the_time_of_an_object_has_a_finer_resolution_than_the_kernel(driver: FilesystemDriver, tmp_path: Path) -> None:
    for _ in range(5):
        before = time.time_ns()
        driver.put("k", b"")
        assert (tmp_path / "root/k").stat().st_mtime_ns >= before


@pytest.mark.parametrize("size", [10, 3 * 2**20])
def test_a_reader_yields_its_bytes_once_and_none_after_close(driver: FilesystemDriver, size: int) -> None:
    driver.put("k", bytes(size))
    for end in ("close", "exit", "read"):
        reader = driver.read("k")
        if end == "close":
            reader.close()
        elif end == "exit":
            with reader:
                pass
        else:
            assert len(b"".join(reader)) == size
        assert list(reader) == []
        reader.close()
