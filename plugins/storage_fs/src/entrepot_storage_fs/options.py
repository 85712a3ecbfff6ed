"""The options, by the names that Docker Distribution gives them."""

from __future__ import annotations

from pydantic import Field

from entrepot_contract import DriverOptions

__all__ = ["FilesystemOptions"]


class FilesystemOptions(DriverOptions):
    """``storage.filesystem`` of the configuration."""

    rootdirectory: str = Field(
        default="/var/lib/registry",
        pattern=r"^[^\x00]+$",
        description="The directory that holds everything; made when it is first written to.",
    )
    maxthreads: int = Field(
        default=100,
        ge=1,
        description="Taken so that Distribution's configuration works; does nothing: the server bounds the threads.",
    )
