"""One server for all tests, with a new schema for each."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest
from support.services.postgres import PROGRAM, Postgres
from support.services.programs import need

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture(scope="session")
def server(request: pytest.FixtureRequest) -> Iterator[Postgres]:
    need(request, PROGRAM)
    with Postgres() as server:
        yield server


@pytest.fixture(scope="session")
def connection(server: Postgres) -> Iterator[Connection]:
    """A connection of the tests, as the user of the driver."""
    options = {name: value for name, value in server.options().items() if name != "schema"}
    with psycopg.connect(" ".join(f"{name}={value}" for name, value in options.items()), autocommit=True) as connection:
        yield connection


@pytest.fixture
def options(server: Postgres, connection: Connection) -> Iterator[dict[str, object]]:
    """The driver's options for a new schema, which is deleted after the test."""
    options = server.options()
    yield options
    connection.execute(f"DROP SCHEMA IF EXISTS {options['schema']} CASCADE".encode())
