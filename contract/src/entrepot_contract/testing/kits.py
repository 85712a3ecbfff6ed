"""The registry of the kits, used by reports and by the command."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from entrepot_contract.auth import AUTH_CONTRACT_VERSION, Authenticator
from entrepot_contract.notify import NOTIFY_CONTRACT_VERSION, NotificationSink
from entrepot_contract.plugins import AUTH, NOTIFY, SERVER, STORAGE
from entrepot_contract.server import SERVER_CONTRACT_VERSION, ServerDriver
from entrepot_contract.storage import CONTRACT_VERSION, StorageDriver
from entrepot_contract.tokens import TokenIssuer

__all__ = ["KITS", "Kit"]


@dataclass(frozen=True, slots=True)
class Kit:
    """One contract: its title, its version, its classes, and the entry-point group of its plugins.

    - ``plugin`` is the class that every plugin must inherit; ``verbs`` are all classes whose methods it may implement.
    - ``listed`` and ``versioned`` are the keys of a report for the plugins, and for the contract's version.
    """

    title: str
    version: tuple[int, int]
    group: str
    plugin: type
    verbs: Sequence[type]
    noun: str
    listed: str
    versioned: str


KITS: Final[Mapping[str, Kit]] = {
    "storage": Kit(
        title="Storage contract",
        version=CONTRACT_VERSION,
        group=STORAGE,
        plugin=StorageDriver,
        verbs=[StorageDriver],
        noun="driver",
        listed="drivers",
        versioned="contract",
    ),
    "auth": Kit(
        title="Authenticator contract",
        version=AUTH_CONTRACT_VERSION,
        group=AUTH,
        plugin=Authenticator,
        verbs=[Authenticator, TokenIssuer],
        noun="authenticator",
        listed="authenticators",
        versioned="auth_contract",
    ),
    "notify": Kit(
        title="Notification sink contract",
        version=NOTIFY_CONTRACT_VERSION,
        group=NOTIFY,
        plugin=NotificationSink,
        verbs=[NotificationSink],
        noun="sink",
        listed="sinks",
        versioned="notify_contract",
    ),
    "server": Kit(
        title="Server contract",
        version=SERVER_CONTRACT_VERSION,
        group=SERVER,
        plugin=ServerDriver,
        verbs=[ServerDriver],
        noun="server",
        listed="servers",
        versioned="server_contract",
    ),
}
"""By the name of the kit, which is the last part of its entry-point group."""
