"""Suites of the kit for the correct networked driver, and for the broken ones derived from it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import ClassVar

import pytest
from contract.tests import honest
from contract.tests.honest_remote import RemoteDriver, RemoteServer

from entrepot_contract import StorageDriver
from entrepot_contract.testing import StorageContract


class RemoteFixtures:
    """What a suite for the networked driver defines, for the kit or one of its modules."""

    driver_class: ClassVar[type[StorageDriver]] = RemoteDriver
    failure_timeout: ClassVar[float] = 12.0
    known_failures: ClassVar[Mapping[str, str]] = {
        "test_append_never_holds_the_whole_body": "the server runs in the process whose memory is measured (the tests)",
    }

    @pytest.fixture
    def server(self, tmp_path: Path) -> Iterator[RemoteServer]:
        with RemoteServer(tmp_path) as server:
            yield server

    @pytest.fixture
    def config(self, server: RemoteServer) -> Mapping[str, object]:
        return server.options()

    @pytest.fixture
    def endpoint(self, server: RemoteServer) -> tuple[str, int]:
        return server.endpoint

    @pytest.fixture
    def denied(self, server: RemoteServer) -> Mapping[str, object]:
        return server.options(password="another-password-of-the-kit")  # noqa: S106 - a wrong one

    @pytest.fixture
    def stored_bytes(self, tmp_path: Path) -> Callable[[], int]:
        return lambda: honest.stored_bytes(tmp_path)


class RemoteCase(RemoteFixtures, StorageContract):
    """The whole kit."""
