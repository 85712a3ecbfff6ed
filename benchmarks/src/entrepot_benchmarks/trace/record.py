"""One request of a trace, and the bounds of what it may say."""

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
"""In bytes, with the end of the line."""

MIN_BLOB_SIZE: Final = 32
"""In bytes: fewer could not be unlike every blob that was pushed before."""

MAX_BLOB_SIZE: Final = 2**40
MAX_MANIFEST_SIZE: Final = 4 * 2**20
"""In bytes: what the distribution specification asks every registry to take."""

MAX_BLOBS: Final = 128
"""Of one manifest: Docker's 127 layers and a config."""


@dataclass(frozen=True, slots=True)
class Record:
    """One request.

    - ``time``: seconds since the start of the trace, to the microsecond.
    - ``name``: a manifest's tag, or what the trace calls a blob, the same in every repository; "" for the list of tags.
    - ``size``: of the blob or manifest in bytes; None where a read finds nothing there, and for the list of tags.
    - ``blobs``: what a pushed manifest names, its config first.
    - ``line``: where it was read, counted from 1; two records that differ in nothing else are equal.
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
        """Whether the registry has to answer that it is not there."""
        return self.size is None and self.kind != "GET tags"

    @property
    def writes(self) -> bool:
        """Whether it is a push."""
        return self.kind.startswith("PUT")

    def __str__(self) -> str:
        return f"{self.kind} {self.repository} {self.name or NOTHING}"
