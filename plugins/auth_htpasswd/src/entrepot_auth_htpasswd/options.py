"""The options, by the names that Docker Distribution gives them."""

from __future__ import annotations

from pydantic import Field

from entrepot_contract import DriverOptions

__all__ = ["HtpasswdOptions"]


class HtpasswdOptions(DriverOptions):
    """``auth.htpasswd`` of the configuration."""

    realm: str = Field(pattern=r"^[\x20-\x7e]+$", description="What a client shows when it asks for a password; ASCII.")
    path: str = Field(pattern=r"^[^\x00]+$", description="The file of Apache's htpasswd -B; it has to exist.")
    groupfile: str | None = Field(
        default=None, pattern=r"^[^\x00]+$", description="A file in the form of Apache's AuthGroupFile."
    )
    cache: float = Field(
        default=60, ge=0, allow_inf_nan=False, description="Seconds that a verified password is remembered; 0: never."
    )
