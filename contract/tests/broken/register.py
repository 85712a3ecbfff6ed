"""The tables of broken plugins, with the test of the kit that must detect each."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from pathlib import Path
from typing import TypeVar, cast

from entrepot_contract import StorageDriver
from entrepot_contract.auth import Authenticator
from entrepot_contract.notify import NotificationSink
from entrepot_contract.server import ServerDriver

__all__ = [
    "BROKEN",
    "BROKEN_AUTH",
    "BROKEN_NOTIFY",
    "BROKEN_SERVER",
    "AuthFault",
    "Fault",
    "ServerFault",
    "SinkFault",
    "caught_by",
    "disowned_by",
    "enter_all",
    "module_of",
    "refused_by",
    "stopped_by",
]

Driver = TypeVar("Driver", bound=type[StorageDriver])
Judge = TypeVar("Judge", bound=type[Authenticator])
Sink = TypeVar("Sink", bound=type[NotificationSink])
Server = TypeVar("Server", bound=type[ServerDriver])
Kit = TypeVar("Kit")


@dataclass(frozen=True)
class Fault:
    """A broken driver, the test that must detect its fault, and the options to run it with."""

    driver: type[StorageDriver]
    test: str
    options: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True)
class AuthFault:
    """A broken authenticator, and the test that must detect its fault."""

    driver: type[Authenticator]
    test: str


@dataclass(frozen=True)
class SinkFault:
    """A broken sink, and the test that must detect its fault."""

    driver: type[NotificationSink]
    test: str


@dataclass(frozen=True)
class ServerFault:
    """A broken server, and the test that must detect its fault."""

    driver: type[ServerDriver]
    test: str


BROKEN: dict[str, Fault] = {}
BROKEN_AUTH: dict[str, AuthFault] = {}
BROKEN_NOTIFY: dict[str, SinkFault] = {}
BROKEN_SERVER: dict[str, ServerFault] = {}


def module_of(kit: type[Kit], test: str) -> type[Kit]:
    """Return the class of the kit that defines a test: collecting whole kits for each plugin would take minutes."""
    name = test.partition("[")[0]
    found = next((each for each in kit.__mro__ if name in vars(each)), kit)
    return cast(type[Kit], found)


def enter_all(suite: str) -> None:
    """Import the other modules beside a suite's file, which register their plugins."""
    folder = Path(suite).parent
    for file in sorted(folder.glob("*.py")):
        if file.name != Path(suite).name:
            import_module(f"contract.tests.{folder.name}.{file.stem}")


def caught_by(test: str, **options: object) -> Callable[[Driver], Driver]:
    """Register a driver; its docstring describes the fault."""

    def enter(driver: Driver) -> Driver:
        BROKEN[driver.__name__] = Fault(driver, test, options)
        return driver

    return enter


def refused_by(test: str) -> Callable[[Judge], Judge]:
    """Register an authenticator; its docstring describes the fault."""

    def enter(judge: Judge) -> Judge:
        BROKEN_AUTH[judge.__name__] = AuthFault(judge, test)
        return judge

    return enter


def disowned_by(test: str) -> Callable[[Sink], Sink]:
    """Register a sink; its docstring describes the fault."""

    def enter(sink: Sink) -> Sink:
        BROKEN_NOTIFY[sink.__name__] = SinkFault(sink, test)
        return sink

    return enter


def stopped_by(test: str) -> Callable[[Server], Server]:
    """Register a server; its docstring describes the fault."""

    def enter(server: Server) -> Server:
        BROKEN_SERVER[server.__name__] = ServerFault(server, test)
        return server

    return enter
