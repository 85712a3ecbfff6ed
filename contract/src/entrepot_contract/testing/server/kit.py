"""The class that combines all tests of the server kit."""

from __future__ import annotations

from entrepot_contract.testing.integrity import WholeContract
from entrepot_contract.testing.server.apart import ApartContract
from entrepot_contract.testing.server.lifecycle import LifecycleContract
from entrepot_contract.testing.server.requests import RequestContract
from entrepot_contract.testing.server.responses import ResponseContract
from entrepot_contract.testing.server.shutdown import ShutdownContract
from entrepot_contract.testing.server.timeouts import TimeoutContract
from entrepot_contract.testing.server.tls import TlsContract
from entrepot_contract.testing.server.workers import WorkerContract

__all__ = ["ServerContract"]


class ServerContract(
    RequestContract,
    ApartContract,
    ResponseContract,
    TimeoutContract,
    ShutdownContract,
    WorkerContract,
    TlsContract,
    LifecycleContract,
    WholeContract,
):
    """All tests that a server must pass; a subclass sets ``server_class``.

    - ``config`` optionally returns the server's options: JSON values, in a fixture with the scope ``class``.
    - ``detects_truncated_chunks`` is False for a server that cannot detect a truncated chunked body.
    """
