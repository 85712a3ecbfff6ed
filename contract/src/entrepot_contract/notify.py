"""The contract for notification sinks, version 1.0: where the registry's events are told.

Every sentence below is a test of the kit in ``entrepot_contract.testing``. The host keeps the events on disk, chooses
which of them an endpoint is told, and tells them again until a sink has taken them; a sink only hands them over.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import ClassVar, Self

from entrepot_contract.events import Event
from entrepot_contract.options import DriverOptions, parse_options

__all__ = ["NOTIFY_CONTRACT_VERSION", "NotificationSink", "Rejected", "SinkError", "Undelivered"]

NOTIFY_CONTRACT_VERSION: tuple[int, int] = (1, 0)


class SinkError(Exception):
    """Why events were not taken; the message is logged and shown, and holds no secret.

    Raised ``from`` the error of the sink's own SDK, and always as one of the two below.
    """


class Undelivered(SinkError):  # noqa: N818 - what became of the events
    """The events may be taken later: the other side cannot be reached, is too slow, or fails.

    ``retry_after`` is how long the other side wants to be left alone, where it told.
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Rejected(SinkError):  # noqa: N818 - as above
    """The other side will never take these events as they are; nobody tries again by itself."""


class NotificationSink(ABC):
    """One way to tell events; found by name in the entry-point group ``entrepot.notify``.

    Sinks are synchronous and thread-safe. No method has a default here.
    """

    name: ClassVar[str]
    """The entry point's name in the group ``entrepot.notify``."""

    contract: ClassVar[tuple[int, int]]
    """The version of this contract that the sink was written for."""

    Options: ClassVar[type[DriverOptions]]
    """The options of the sink: what an endpoint's section of the configuration holds beside the host's own keys."""

    @abstractmethod
    def __init__(self, options: DriverOptions) -> None:
        """Keep the options, and read the files that they name; open no connection, start no thread.

        Raises ConfigError where a file cannot be used.
        """

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """A sink from its part of an endpoint's section.

        Raises ConfigError where an option is unknown, missing or wrong.
        """
        return cls(parse_options(cls.Options, config, driver=cls.name))

    @abstractmethod
    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        """Hand over some events, at least one, in their order.

        - When it returns, the other side has taken all of them; what was handed over with an error is told again.
        - The same event, told again, has the same id.
        - It returns or raises within the timeout and half a second, however the other side behaves.
        - Where the other side cannot be reached or does not answer, it raises Undelivered.
        - It raises Undelivered or Rejected, and nothing else; after either, the next call works.
        - The host never tells two events of one repository at the same time; it calls from several threads.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of everything, connections too; again is harmless."""
