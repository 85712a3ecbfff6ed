"""The options, by the names that Docker Distribution gives them."""

from __future__ import annotations

from datetime import timedelta

from pydantic import Field

from entrepot_contract import DriverOptions
from entrepot_contract.durations import Duration

__all__ = ["HtpasswdOptions"]


class HtpasswdOptions(DriverOptions):
    """``auth.htpasswd`` of the configuration."""

    realm: str = Field(pattern=r"^[\x20-\x7e]+$", description="What a client shows when it asks for a password; ASCII.")
    path: str = Field(pattern=r"^[^\x00]+$", description="The file of Apache's htpasswd -B; it has to exist.")
    groupfile: str | None = Field(
        default=None, pattern=r"^[^\x00]+$", description="A file in the form of Apache's AuthGroupFile."
    )
    cache: Duration = Field(
        default=timedelta(seconds=60),
        description="How long a verified password is remembered, like 90s or 5m; 0: never.",
    )
