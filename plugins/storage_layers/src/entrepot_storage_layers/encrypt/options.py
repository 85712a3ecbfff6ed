"""The options of the encrypt driver."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from entrepot_contract import DriverOptions
from entrepot_contract.toolkit.nesting import InnerOptions

__all__ = ["EncryptOptions"]


class EncryptOptions(DriverOptions):
    """The options of ``encrypt``; exactly one of ``keyfile`` and ``keyvariable`` must be set."""

    inner: InnerOptions = Field(description="The driver for the encrypted objects, with its options.")
    keyfile: str | None = Field(
        default=None, description="A file with one key per line: 32 bytes in hexadecimal or base64."
    )
    keyvariable: str | None = Field(
        default=None, description="The name of an environment variable with the keys, separated by commas."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.keyfile is None) == (self.keyvariable is None):
            raise ValueError("set exactly one of keyfile and keyvariable")
        return self
