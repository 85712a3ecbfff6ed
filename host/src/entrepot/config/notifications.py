"""The section ``notifications``: who is told what happens, and where the events wait until then."""

from __future__ import annotations

from datetime import timedelta

from pydantic import ConfigDict, Field, field_validator

from entrepot.config.section import Section
from entrepot_contract.durations import Duration
from entrepot_contract.events import Action

__all__ = ["Endpoint", "Notifications"]


class Ignore(Section):
    """What an endpoint is not told."""

    mediatypes: tuple[str, ...] = ()
    actions: tuple[Action, ...] = ()


class DeadLetter(Section):
    """When nobody tries any more to deliver an event: after ``age``, or ``attempts`` tries, of which 0 is no bound."""

    age: Duration = timedelta(days=7)
    attempts: int = Field(default=0, ge=0)


class Endpoint(Section):
    """One endpoint; every key that is not one of these is an option of its sink."""

    model_config = ConfigDict(extra="allow")

    name: str = Field(min_length=1)
    sink: str = "webhook"
    disabled: bool = False
    timeout: Duration = Field(default=timedelta(seconds=1), gt=timedelta())
    threshold: int = Field(default=10, gt=0)
    backoff: Duration = timedelta(seconds=1)
    ignoredmediatypes: tuple[str, ...] = ()
    ignore: Ignore = Ignore()
    actions: tuple[Action, ...] = ()
    repositories: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    batch: int = Field(default=1, gt=0, le=1000)
    concurrency: int = Field(default=4, gt=0, le=64)
    deadletter: DeadLetter = DeadLetter()

    @property
    def options(self) -> dict[str, object]:
        """What its sink is configured with."""
        return dict(self.model_extra or {})


class Events(Section):
    """What the events hold."""

    includereferences: bool = False


class Outbox(Section):
    """Where events wait, on a local disk, and how many; what was delivered is kept for ``keep``, dead ones longer."""

    path: str = "/var/lib/entrepot/outbox"
    maxpending: int = Field(default=1_000_000, gt=1)
    keep: Duration = timedelta(hours=1)
    keepdead: Duration = timedelta(days=30)


class Notifications(Section):
    """Who is told what happens in the registry."""

    events: Events = Events()
    outbox: Outbox = Outbox()
    endpoints: tuple[Endpoint, ...] = Field(default=(), repr=False)

    @field_validator("endpoints")
    @classmethod
    def _one_of_a_name(cls, endpoints: tuple[Endpoint, ...]) -> tuple[Endpoint, ...]:
        names = [one.name for one in endpoints]
        if len(set(names)) < len(names):
            raise ValueError("must have names of their own: the events of each are kept by its name")
        return endpoints
