"""The options, with the names used by Docker Distribution."""

from __future__ import annotations

from pydantic import Field

from entrepot_contract import DriverOptions

__all__ = ["FilesystemOptions"]


class FilesystemOptions(DriverOptions):
    """``storage.filesystem`` of the configuration."""

    rootdirectory: str = Field(
        default="/var/lib/registry",
        pattern=r"^[^\x00]+$",
        description="The directory for all data; created by the first write.",
    )
    maxthreads: int = Field(
        default=100,
        ge=1,
        description="Accepted for compatibility with Distribution, but ignored: the server limits the threads.",
    )
