"""Where the keys are, and what they encrypt."""

from __future__ import annotations

from typing import Self

from pydantic import model_validator

from entrepot_contract import DriverOptions
from entrepot_contract.inner import InnerOptions

__all__ = ["EncryptOptions"]


class EncryptOptions(DriverOptions):
    """The options of ``encrypt``: one of ``keyfile`` and ``keyvariable``, an environment variable's name."""

    inner: InnerOptions
    keyfile: str | None = None
    keyvariable: str | None = None

    @model_validator(mode="after")
    def _one_place(self) -> Self:
        if (self.keyfile is None) == (self.keyvariable is None):
            raise ValueError("exactly one of keyfile and keyvariable says where the keys are")
        return self
