"""The sections ``access`` and ``limits``: access rules and rate limits."""

from __future__ import annotations

import re
from typing import Annotated, Final, Literal

from limits import RateLimitItem, parse
from pydantic import BeforeValidator, ConfigDict, Field, field_validator

from entrepot.config.section import Section

__all__ = ["AccessRuleConfig", "LimitsConfig", "Rate"]

_WHO: Final = re.compile(r"anonymous|authenticated|(?:user|group):\S(?:.*\S)?")
_GLOB: Final = re.compile(r"[a-z0-9._/*?\[\]!-]+")
_OFF: Final = "off"


class AccessRuleConfig(Section):
    """An access rule: the actions that are allowed to a client in some repositories."""

    who: str
    repository: str = "**"
    actions: tuple[Literal["pull", "push", "delete", "catalog"], ...] = Field(min_length=1)

    @field_validator("who")
    @classmethod
    def _known(cls, who: str) -> str:
        if not _WHO.fullmatch(who):
            raise ValueError("must be anonymous, authenticated, user:NAME or group:NAME")
        return who

    @field_validator("repository")
    @classmethod
    def _can_match(cls, repository: str) -> str:
        if not _GLOB.fullmatch(repository):
            raise ValueError("cannot match any repository: names consist of lowercase letters, digits and . _ - /")
        return repository


def _rate(value: object) -> RateLimitItem | None:
    if isinstance(value, RateLimitItem):
        return value
    if str(value).lower() == _OFF:
        return None
    try:
        return parse(str(value))
    except ValueError as error:
        raise ValueError("is not a rate; use for example 100/second, 20/minute, 500/10 minutes, or off") from error


Rate = Annotated[RateLimitItem | None, BeforeValidator(_rate)]


def _count(value: object) -> object:
    return None if str(value).lower() == _OFF else value


class RequestsConfig(Section):
    """Request rates per address and per identity."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    address: Rate = None
    identity: Rate = None


class LimitsConfig(Section):
    """Limits per client in each worker process; ``off`` disables a limit."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    requests: RequestsConfig = RequestsConfig()
    logins: Rate = parse("20/minute")
    uploads: Annotated[Annotated[int, Field(gt=0)] | None, BeforeValidator(_count)] = 256
