"""Options of the authenticator, named as in Docker Distribution."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from entrepot_contract import DriverOptions
from entrepot_contract.toolkit.durations import Duration

__all__ = ["HtpasswdOptions"]


class HtpasswdOptions(DriverOptions):
    """The ``auth.htpasswd`` section of the configuration."""

    realm: str = Field(pattern=r"^[\x20-\x7e]+$", description="Realm shown in a client's password prompt; ASCII.")
    path: str = Field(pattern=r"^[^\x00]+$", description="Path to a file written by htpasswd -B; it must exist.")
    groupfile: str | None = Field(
        default=None, pattern=r"^[^\x00]+$", description="Path to a file in Apache's AuthGroupFile format."
    )
    cache: Duration = Field(
        default=timedelta(seconds=60),
        description="How long a verified password is cached, such as 90s or 5m; 0 disables the cache.",
    )
