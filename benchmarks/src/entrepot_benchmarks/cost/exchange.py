"""The JSON messages exchanged with the counting process."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Answer", "Count", "Order"]


class Order(BaseModel):
    """What to count. The options may contain secrets; the sizes are in bytes."""

    model_config = ConfigDict(hide_input_in_errors=True)

    driver: str
    options: dict[str, object] = Field(repr=False)
    blob_sizes: tuple[int, ...]


class Count(BaseModel):
    """The cost of one operation: driver calls by verb, requests by kind, and bytes read by the driver."""

    operation: str
    calls: dict[str, int]
    requests: dict[str, int]
    bytes_out: int


class Answer(BaseModel):
    """The counts, or an error; ``http`` is true if any request was observed."""

    counts: list[Count] = Field(default_factory=list)
    http: bool = False
    error: str | None = None
