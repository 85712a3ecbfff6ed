"""Where the keys are, and what they encrypt."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from entrepot_contract import DriverOptions
from entrepot_contract.inner import InnerOptions

__all__ = ["EncryptOptions"]


class EncryptOptions(DriverOptions):
    """The options of ``encrypt``: exactly one of ``keyfile`` and ``keyvariable`` says where the keys are."""

    inner: InnerOptions = Field(description="The driver that gets the objects encrypted, with its options.")
    keyfile: str | None = Field(
        default=None, description="A file of keys, one a line: 32 bytes in hexadecimal or base64."
    )
    keyvariable: str | None = Field(
        default=None, description="The name of an environment variable that holds the keys, separated by commas."
    )

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.keyfile is None) == (self.keyvariable is None):
            raise ValueError("exactly one of keyfile and keyvariable says where the keys are")
        return self
