"""What the kit does not show: deferred removal, lost servers, and the options in the README."""

from __future__ import annotations

import os
import re
import signal
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import psycopg
import pytest

from entrepot_contract import Denied, NoSpace, Unavailable
from entrepot_storage_postgres import PostgresDriver, PostgresOptions
from entrepot_storage_postgres.database import meaning

README = (Path(__file__).parent.parent / "README.md").read_text()
MIB = 2**20


@pytest.fixture
def driver(options: dict[str, object]) -> Iterator[PostgresDriver]:
    driver = PostgresDriver.from_config({**options, "timeout": "2s", "connections": 2})
    yield driver
    driver.close()


def test_many_open_readers_need_no_connections(driver: PostgresDriver) -> None:
    driver.put("a", b"x" * 3 * MIB)
    readers = [iter(driver.read("a")) for _ in range(40)]
    for reader in readers:
        next(reader)
    driver.delete(["a"])
    assert [sum(map(len, reader)) for reader in readers] == [2 * MIB] * 40


def test_a_deleted_object_is_removed_by_a_later_deletion(
    driver: PostgresDriver, options: dict[str, object], connection: psycopg.Connection[tuple[object, ...]]
) -> None:
    def stored() -> object:
        counts = "SELECT (SELECT count(*) FROM {0}.chunks), (SELECT count(*) FROM {0}.parts)"
        return connection.execute(counts.format(options["schema"]).encode()).fetchone()

    later = PostgresDriver.from_config({**options, "keep_deleted": "0s"})
    driver.put("a", b"x" * 3 * MIB)
    reader = iter(driver.read("a"))
    next(reader)
    driver.upload_abort(driver.upload_append(driver.upload_start("b"), [b"x" * 2 * MIB]))
    driver.delete(["a"])
    assert stored() == (3, 1), "the aborted upload is gone, and what a reader may need is not"
    later.delete(["none"])
    assert stored() == (0, 0)
    with pytest.raises(Unavailable, match="deleted too long ago"):
        list(reader)
    later.close()


def test_a_listing_skips_what_is_below_a_prefix(driver: PostgresDriver) -> None:
    for number in range(205):
        driver.put(f"a/b/{number:03}", b"", durable=False)
    driver.put("a/c", b"")
    assert [item.key for item in islice(driver.list_objects("a/", shallow=True), 2)] == ["a/b/", "a/c"]


def test_a_connection_that_the_server_has_closed_is_replaced(
    driver: PostgresDriver, connection: psycopg.Connection[tuple[object, ...]]
) -> None:
    driver.put("a", b"x")
    others = """SELECT pg_terminate_backend(pid, 5000) FROM pg_stat_activity
        WHERE backend_type = 'client backend' AND pid <> %s"""
    connection.execute(others, [connection.info.backend_pid])
    with pytest.raises(Unavailable):
        driver.stat("a")
    assert driver.stat("a").size == 1


def test_a_server_process_that_hangs_is_given_up(
    driver: PostgresDriver, connection: psycopg.Connection[tuple[object, ...]]
) -> None:
    driver.put("a", b"x")
    with driver._database.use("test") as used:
        pid = used.info.backend_pid
    if os.geteuid() != 0:
        pytest.skip("only root can stop a process of another user")
    os.kill(pid, signal.SIGSTOP)
    try:
        with pytest.raises(Unavailable, match="did not answer in time"):
            driver.stat("a")
    finally:
        os.kill(pid, signal.SIGCONT)
    assert driver.stat("a").size == 1


@pytest.mark.parametrize(
    ("error", "kind"),
    [
        (psycopg.errors.DiskFull("no space"), NoSpace),
        (psycopg.errors.InsufficientPrivilege("permission denied for table objects"), Denied),
        (psycopg.errors.QueryCanceled("statement timeout"), Unavailable),
        (psycopg.OperationalError('FATAL:  no pg_hba.conf entry for host "x"'), Denied),
        (psycopg.OperationalError("connection refused"), Unavailable),
    ],
)
def test_an_error_of_the_server_has_its_meaning(error: psycopg.Error, kind: type[Exception]) -> None:
    assert type(meaning(error, "put", "a")) is kind


def test_the_readme_lists_every_option_and_its_default() -> None:
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", README, re.MULTILINE))
    assert list(rows) == [field.alias or name for name, field in PostgresOptions.model_fields.items()]
