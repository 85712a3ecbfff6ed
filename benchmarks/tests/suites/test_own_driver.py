"""``pytest --storage-benchmarks`` with the contract test file of a driver."""

from __future__ import annotations

import json
import re
import textwrap
from typing import TYPE_CHECKING, Final

from .conftest import SHORT

if TYPE_CHECKING:
    from .conftest import Pytest

FILE = """
import os, signal
import pytest
from entrepot_contract import Capabilities
from entrepot_contract.testing import StorageContract
from entrepot_storage_fs import FilesystemDriver

os.fsync = os.fdatasync = lambda file: None  # not needed here, and slow for a thousand objects

class Shelf(FilesystemDriver):
    name = "shelf"

class TestShelf(StorageContract):
    driver_class = Shelf
    known_failures = {"test_put_replaces_the_whole_object": "issue 7: none, but it is declared"}

    @pytest.fixture
    def folder(self):
        return STORE

    @pytest.fixture
    def config(self, folder):
        return {"rootdirectory": folder}

    def test_of_the_author(self):
        raise AssertionError("no benchmark")

def test_beside_it():
    raise AssertionError("no benchmark")
"""
CASES = [
    *(f"put[{size}]" for size in ("0B", "4KiB", "1MiB", "16MiB")),
    *(f"read[{size}]" for size in ("0B", "4KiB", "1MiB", "16MiB", "256MiB")),
    *("read_range", "stat", "list_whole", "list_first", "list_shallow"),
    *(f"upload[{size}]" for size in ("0B", "1MiB", "16MiB", "256MiB")),
    *("move", "delete[1]", "delete[1000]", "put_in_threads", "read_in_threads"),
]
LARGE = ("16MiB]", "256MiB]")
LIMIT = ("[1MiB]", *LARGE)


def broken(body: str) -> str:
    """Return the file with a modified driver."""
    return FILE.replace('    name = "shelf"\n', f'    name = "shelf"\n{body}\n')


def collected(output: str) -> set[str]:
    """Return the names of the collected tests."""
    return set(re.findall(r"::(test_\S+)$", output, re.MULTILINE))


def test_the_option_replaces_tests_with_benchmarks(inner: Pytest) -> None:
    inner.write("test_shelf.py", FILE)
    without = collected(inner.run("--collect-only", "-q").stdout)
    within = collected(inner.run("--collect-only", "-q", "--storage-benchmarks", "-k", "not host").stdout)
    assert within == {f"test_{case}" for case in CASES}
    assert {"test_of_the_author", "test_beside_it", "test_threads_use_one_driver_for_everything"} <= without
    assert not within & without


def test_without_the_option_the_contract_tests_run(inner: Pytest) -> None:
    inner.write("test_shelf.py", FILE)
    run = inner.run("-q", "-k", "test_close or test_known_failures", "--contract-report=kit.json")
    assert run.returncode == 0, run.stdout + run.stderr
    assert '"shelf"' in (inner.folder / "kit.json").read_text()
    assert "benchmark '" not in run.stdout


WATCHED = """
    def _note(self, *keys):
        with open(STORE + ".keys", "a") as file:
            file.writelines(key + "\\n" for key in keys)

    def put(self, key, data, **more):
        self._note(key)
        return super().put(key, data, **more)

    def read(self, key, **more):
        self._note(key)
        return super().read(key, **more)

    def stat(self, key):
        self._note(key)
        return super().stat(key)

    def list_objects(self, prefix="", **more):
        self._note(prefix)
        return super().list_objects(prefix, **more)

    def move(self, source, target):
        self._note(source, target)
        return super().move(source, target)

    def delete(self, keys):
        keys = list(keys)
        self._note(*keys)
        return super().delete(keys)

    def upload_start(self, key):
        self._note(key)
        return super().upload_start(key)

    def upload_commit(self, state, *, target=None):
        assert target is None
        return super().upload_commit(state)
"""


def test_every_case_is_measured_and_other_content_of_the_store_is_not_accessed(inner: Pytest) -> None:
    inner.write("test_shelf.py", broken(WATCHED))
    kept = {inner.store / "docker" / "registry" / "v2" / name: name.encode() for name in ("blob", "link")}
    for path, data in kept.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    found = inner.measure("--storage-benchmarks", "-k", "not host")
    assert set(found) == {f"shelf (TestShelf): {case}" for case in CASES if not case.endswith(LARGE)}
    for name, each in found.items():
        facts = each["extra_info"]
        assert isinstance(facts, dict)
        assert (facts["driver"], facts["backend"]) == ("shelf", "shelf (TestShelf)")
        assert facts["operations/s"] > 0
        assert (
            ("MB/s" in facts) == (facts["bytes"] > 0) == bool(re.search("put|read|upload", name) and "0B" not in name)
        )
    assert found["shelf (TestShelf): put[4KiB]"]["group"] == "put 4 KiB"
    assert found["shelf (TestShelf): delete[1000]"]["group"] == "delete 1,000 objects"
    keys = (inner.folder / "store.keys").read_text().splitlines()
    assert len(keys) > 1000
    prefixes = {key.partition("/")[0] for key in keys}
    assert all(re.fullmatch(r"entrepot-benchmark-[0-9a-f]{32}", prefix) for prefix in prefixes)
    assert len(prefixes) == len(CASES), "each case has a unique prefix"
    assert {path: path.read_bytes() for path in inner.left()} == kept


LIMITED = """
class Limited(FilesystemDriver):
    name = "limited"

    @property
    def capabilities(self):
        return Capabilities(create=True, shared=True, durable=True, move='rename', max_object_size=2**20 - 1)

class TestLimited(TestShelf):
    driver_class = Limited
"""


def test_disabled_benchmarks_run_each_case_once_unless_the_capabilities_rule_it_out(inner: Pytest) -> None:
    body = '    def stat(self, key):\n        print("one stat")\n        return super().stat(key)'
    inner.write("test_shelf.py", broken(body) + LIMITED)
    chosen = ("-k", "TestShelf or not (list or delete)")
    run = inner.run("--storage-benchmarks", "--storage-largest-blob=1", "--benchmark-disable", "-rPs", *chosen)
    assert run.returncode == 0, run.stdout + run.stderr
    cases = [*CASES, *(case for case in CASES if not case.startswith(("list", "delete")))]
    skipped = sum(case.endswith(LARGE) for case in CASES) + sum(size in case for case in CASES for size in LIMIT)
    assert f"{len(cases) - skipped} passed, {skipped} skipped" in run.stdout
    assert "1 MiB exceeds the maximum blob size of this run: 1048575 B" in run.stdout
    (stat,) = re.findall(r"TestShelf\.test_stat _+\n-+ Captured stdout call -+\n((?:one stat\n)+)", run.stdout)
    assert stat == "one stat\n"
    assert "Name (time in" not in run.stdout
    assert inner.left() == []


FAULTS: Final = {
    "PutsOtherBytes": (
        "def put(self, key, data, **more):\n"
        "    return super().put(key, data[:-1] + bytes(last ^ 1 for last in data[-1:]), **more)",
        {"put[4KiB]", "read[4KiB]", "put_in_threads", "read_in_threads", "move"},
        r"puts-other-bytes returned content of entrepot-benchmark-\S+ that differs from what was written",
    ),
    "ReadsOtherBytes": (
        "def read(self, key, **more):\n    return Other(super().read(key, **more))",
        {"put[4KiB]", "read[4KiB]", "read_range", "upload[1MiB]", "put_in_threads", "read_in_threads", "move"},
        r"reads-other-bytes returned content of entrepot-benchmark-\S+ that differs from what was written",
    ),
    "ReadsShort": (
        "def read(self, key, *, offset=0, length=None):\n    return super().read(key, offset=offset, length=4000)",
        {"put[4KiB]", "read[4KiB]", "read_range", "upload[1MiB]", "put_in_threads", "read_in_threads", "move"},
        r"reads-short returned 4000 bytes of entrepot-benchmark-\S+ instead of \d+",
    ),
    "AppendsMore": (
        "def upload_append(self, state, data):\n    return super().upload_append(state, [b'!', *data])",
        {"upload[1MiB]"},
        r"appends-more returned 1048577 bytes of entrepot-benchmark-\S+ instead of 1048576",
    ),
    "ListsInDisorder": (
        "def list_objects(self, prefix='', **more):\n    return reversed(list(super().list_objects(prefix, **more)))",
        {"list_whole", "list_first", "list_shallow"},
        r"list_objects of lists-in-disorder returned \['entrepot-benchmark-.*, not \['entrepot-benchmark-",
    ),
    "Fails": (
        "def stat(self, key):\n    raise OSError('the shelf fell down')",
        {"stat", "move"},
        r"OSError: the shelf fell down",
    ),
    "AppendsAndFails": (
        "def upload_append(self, state, data):\n"
        "    super().upload_append(state, data)\n"
        "    raise OSError('in the middle')",
        {"upload[1MiB]"},
        r"OSError: in the middle",
    ),
    "DeletesNothing": (
        "def delete(self, keys):\n    pass",
        {"delete[1]", "stat"},
        r"still lists \d+ objects of this benchmark after their deletion: delete everything below entrepot-|"
        r"delete of deletes-nothing returned \['entrepot-benchmark-.*, not \[\]",
    ),
}
"""Faults by the name of the driver class, with the cases that must detect them and the expected messages."""

OTHER = """
class Other:
    def __init__(self, reader):
        self.reader, self.info = reader, reader.info

    def __iter__(self):
        return (bytes([chunk[0] ^ 1]) + chunk[1:] for chunk in self.reader)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.reader.close()
"""


def faulty(name: str) -> str:
    """Return the source of a faulty driver and its test class."""
    label = re.sub("(?<!^)([A-Z])", r"-\1", name).lower()
    folder = f'STORE + "/{name}"'
    return f"""
class {name}(FilesystemDriver):
    name = "{label}"
{textwrap.indent(FAULTS[name][0], "    ")}

class Test{name}(TestShelf):
    driver_class = {name}

    @pytest.fixture
    def folder(self):
        return {folder}
"""


def test_a_faulty_driver_fails(inner: Pytest) -> None:
    inner.write("test_shelf.py", FILE + OTHER + "".join(map(faulty, FAULTS)))
    wanted = {f"{name}::test_{case}" for name, (_, cases, _) in FAULTS.items() for case in cases}
    chosen = wanted | {f"{name}::test_stat" for name in FAULTS}
    run = inner.run(
        *SHORT,
        "--storage-benchmarks",
        "--storage-largest-blob=1",
        "--benchmark-json=result.json",
        "-rfE",
        *sorted(f"test_shelf.py::Test{each}" for each in chosen),
    )
    assert run.returncode == 1
    found = re.findall(r"^(?:FAILED|ERROR) test_shelf.py::Test(\S+) - (.*)$", run.stdout, re.MULTILINE)
    assert wanted <= {case for case, _ in found}
    for case, message in found:
        assert re.search(FAULTS[case.partition("::")[0]][2], message), (case, message)
    assert "was not used at all" not in run.stdout
    assert {path.relative_to(inner.store).parts[0] for path in inner.left()} == {"DeletesNothing"}
    kept = {each["fullname"] for each in json.loads((inner.folder / "result.json").read_text())["benchmarks"]}
    failed = {f"test_shelf.py::Test{case}" for case, _ in found if "DeletesNothing" not in case}
    assert kept
    assert not kept & failed


def test_nothing_is_left_after_an_interrupt(inner: Pytest) -> None:
    body = (
        "    def upload_commit(self, state, *, target=None):\n"
        "        info = super().upload_commit(state, target=target)\n"
        "        assert list(self.list_objects())\n"
        "        os.kill(os.getpid(), signal.SIGINT)\n"
        "        return info"
    )
    inner.write("test_shelf.py", broken(body))
    run = inner.run("--storage-benchmarks", "-k", "upload and 1MiB and not host")
    assert run.returncode == 2
    assert "KeyboardInterrupt" in run.stdout
    assert inner.left() == []


def test_a_contract_report_is_rejected(inner: Pytest) -> None:
    inner.write("test_shelf.py", FILE)
    run = inner.run("--storage-benchmarks", "--contract-report=kit.md")
    assert run.returncode == 4
    assert "--storage-benchmarks runs no tests" in run.stderr


def test_the_largest_blob_is_a_number_of_mebibytes(inner: Pytest) -> None:
    run = inner.run("--storage-largest-blob=0")
    assert run.returncode == 4
    assert "'0' is not a number of MiB" in run.stderr


def test_a_run_without_the_options_imports_nothing_else(inner: Pytest) -> None:
    inner.write(
        "test_light.py",
        "import sys\n"
        "def test_light():\n"
        "    ours = {name for name in sys.modules if name.startswith('entrepot_benchmarks')}\n"
        "    parts = ('', '.suites', '.suites.plugin')\n"
        "    assert ours == {f'entrepot_benchmarks{part}' for part in parts}\n"
        "    assert not {'yaml', 'psutil', 'matplotlib', 'falcon'} & set(sys.modules)\n",
    )
    run = inner.run("-q")
    assert run.returncode == 0, run.stdout
