"""A request of a trace, and its limits."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final, Literal

__all__ = [
    "ABSENT",
    "HEADER",
    "KINDS",
    "MAX_BLOBS",
    "MAX_BLOB_SIZE",
    "MAX_LINE",
    "MAX_MANIFEST_SIZE",
    "MIN_BLOB_SIZE",
    "NOTHING",
    "Kind",
    "Record",
]

Kind = Literal["HEAD manifest", "GET manifest", "PUT manifest", "HEAD blob", "GET blob", "PUT blob", "GET tags"]

KINDS: Final[tuple[Kind, ...]] = (
    "HEAD manifest",
    "GET manifest",
    "PUT manifest",
    "HEAD blob",
    "GET blob",
    "PUT blob",
    "GET tags",
)
HEADER: Final = "entrepot-trace 1"
ABSENT: Final = "absent"
NOTHING: Final = "-"

MAX_LINE: Final = 2**15
"""In bytes, including the line end."""

MIN_BLOB_SIZE: Final = 32
"""In bytes; smaller blobs could not be unique."""

MAX_BLOB_SIZE: Final = 2**40
MAX_MANIFEST_SIZE: Final = 4 * 2**20
"""In bytes; the size that the distribution specification requires registries to accept."""

MAX_BLOBS: Final = 128
"""Per manifest: Docker's limit of 127 layers, and a config."""


@dataclass(frozen=True, slots=True)
class Record:
    """One request.

    - ``time``: seconds since the start of the trace, to the microsecond.
    - ``name``: the tag of a manifest, or the trace's name for a blob, the same in every repository; "" for tags.
    - ``size``: size of the blob or manifest in bytes; None for a read with status 404, and for tags.
    - ``blobs``: the blobs named by a pushed manifest, the config first.
    - ``line``: line number, counted from 1; ignored in comparisons.
    """

    time: float
    kind: Kind
    repository: str
    name: str = ""
    size: int | None = None
    blobs: tuple[str, ...] = ()
    line: int = field(default=0, compare=False)

    @property
    def absent(self) -> bool:
        """Whether the expected status is 404."""
        return self.size is None and self.kind != "GET tags"

    @property
    def writes(self) -> bool:
        """Whether it is a push."""
        return self.kind.startswith("PUT")

    def __str__(self) -> str:
        return f"{self.kind} {self.repository} {self.name or NOTHING}"
