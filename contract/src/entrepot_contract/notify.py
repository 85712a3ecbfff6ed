"""The notification sink contract, version 1.0: deliver the registry's events to an endpoint.

Every sentence below is tested by the kit in ``entrepot_contract.testing``. The host stores the events on disk, selects
the events for each endpoint, and retries until a sink has delivered them; a sink only delivers.
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
    """Delivery failed; the message is logged and shown, and contains no secret.

    Raised ``from`` the exception of the sink's own SDK, and always as one of the two subclasses below.
    """


class Undelivered(SinkError):  # noqa: N818 - what became of the events
    """Delivery may succeed later: the endpoint cannot be reached, is too slow, or fails temporarily.

    ``retry_after`` is how long the endpoint asks to wait before the next attempt, if it sent a hint.
    """

    def __init__(self, message: str, *, retry_after: timedelta | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class Rejected(SinkError):  # noqa: N818 - as above
    """The endpoint will never accept these events as they are; they are not retried automatically."""


class NotificationSink(ABC):
    """Base class of sinks, which are found by name in the entry-point group ``entrepot.notify``.

    Sinks are synchronous and thread-safe. All methods are abstract.
    """

    name: ClassVar[str]
    """The entry point's name in the group ``entrepot.notify``."""

    contract: ClassVar[tuple[int, int]]
    """The version of this contract that the sink was written for."""

    Options: ClassVar[type[DriverOptions]]
    """The options of the sink, which an endpoint's section of the configuration holds besides the host's own keys."""

    @abstractmethod
    def __init__(self, options: DriverOptions) -> None:
        """Store the options and read the files that they name; open no connection, start no thread.

        Raises ConfigError if a file cannot be used.
        """

    @classmethod
    def from_config(cls, config: Mapping[str, object]) -> Self:
        """Return a sink for its part of an endpoint's section.

        Raises ConfigError if an option is unknown, missing or wrong.
        """
        return cls(parse_options(cls.Options, config, driver=cls.name))

    @abstractmethod
    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        """Deliver one or more events, in order.

        - When it returns, the endpoint has accepted all of them; after an error, all of them are delivered again.
        - An event that is delivered again has the same id.
        - It returns or raises within the timeout plus half a second, however the endpoint behaves.
        - If the endpoint cannot be reached or does not respond, it raises Undelivered.
        - It raises Undelivered or Rejected, and nothing else; after either, the next call works.
        - Deliveries of other sinks and threads do not delay it beyond its timeout.
        - What is sent holds at least the id, action and repository of each event, its tag, the digest of its target,
          and the repository that a mount is from.
        - An HTTP endpoint accepts the events of a request with a status of 2xx, and with no other one.
        - Secrets of the options are sent to the endpoint that they name, not to one that it redirects to.
        - The host never delivers two events of one repository concurrently; it calls from several threads.
        """

    @abstractmethod
    def close(self) -> None:
        """Release all resources, including connections. Idempotent.

        A delivery that is under way in another thread ends within its timeout.
        """
