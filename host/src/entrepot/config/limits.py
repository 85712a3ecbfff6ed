"""The section ``limits``: rates of requests and of failed logins, and concurrent uploads."""

from __future__ import annotations

from typing import Annotated, Final

from limits import RateLimitItem, parse
from pydantic import BeforeValidator, ConfigDict, Field

from entrepot.config.section import Section

__all__ = ["LimitsConfig", "Rate"]

_OFF: Final = "off"


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

    address: Rate = Field(
        default=None, examples=["100/second"], description="Maximum rate of requests per client address (*extension*)."
    )
    identity: Rate = Field(
        default=None, examples=["500/10 minutes"], description="Maximum rate of requests per identity (*extension*)."
    )


class LimitsConfig(Section):
    """Limits per client in each worker process; ``off`` disables a limit."""

    model_config = ConfigDict(arbitrary_types_allowed=True)

    requests: RequestsConfig = RequestsConfig()
    logins: Rate = Field(
        default=parse("20/minute"),
        examples=["20/minute"],
        description="Number of wrong passwords from one address after which its logins are rejected for a while "
        "(*extension*).",
    )
    uploads: Annotated[Annotated[int, Field(gt=0)] | None, BeforeValidator(_count)] = Field(
        default=256,
        description="Maximum number of concurrent requests with a body (blobs, manifests, token requests) per worker, "
        "or `off` (*extension*).",
    )
