"""The storage kit, run on the driver with a real server."""

from __future__ import annotations

import pytest
from support.services.postgres import Postgres

from entrepot_contract.testing import StorageContract
from entrepot_storage_postgres import PostgresDriver


# The rest of the kit shows little that is special to a database, and is run by `make soak`.
@pytest.mark.reduced(*("added", "delete", "listing", "model", "move", "put", "read", "shared", "tokens", "unavailable"))
class TestPostgres(StorageContract):
    driver_class = PostgresDriver

    @pytest.fixture
    def config(self, options: dict[str, object]) -> dict[str, object]:
        return options | {"timeout": "2s"}

    @pytest.fixture
    def endpoint(self, server: Postgres) -> tuple[str, int]:
        return "127.0.0.1", server.port

    @pytest.fixture
    def denied(self, config: dict[str, object]) -> dict[str, object]:
        return config | {"password": "wrong"}
