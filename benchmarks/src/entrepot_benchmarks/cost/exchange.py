"""What the process that counts is asked, and what it answers: one JSON text each."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field

__all__ = ["Answer", "Count", "Order"]


class Order(BaseModel):
    """What to count; the options may hold secrets, and the sizes are in bytes."""

    model_config = ConfigDict(hide_input_in_errors=True)

    driver: str
    options: dict[str, object] = Field(repr=False)
    blob_sizes: tuple[int, ...]


class Count(BaseModel):
    """What one operation cost: the calls by verb, the requests by kind, and the bytes that the driver read."""

    operation: str
    calls: dict[str, int]
    requests: dict[str, int]
    bytes_out: int


class Answer(BaseModel):
    """The counts, or why there are none; ``http`` says whether any request was heard at all."""

    counts: list[Count] = Field(default_factory=list)
    http: bool = False
    error: str | None = None
