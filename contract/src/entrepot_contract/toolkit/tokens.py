"""Validation of the tokens of upload states, which may come from another driver or version, or be damaged."""

from __future__ import annotations

from typing import Annotated, Generic, TypeAlias, TypeVar

from pydantic import Field, StringConstraints, TypeAdapter

from entrepot_contract.types import UploadState

__all__ = ["Count", "Id", "TokenForm"]

Form = TypeVar("Form")

Id: TypeAlias = Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z_-]{1,64}$")]
"""A name that a driver made up: it cannot lead out of a directory."""

Count: TypeAlias = Annotated[int, Field(ge=0, lt=2**60)]
"""A number of bytes, or an index."""


class TokenForm(Generic[Form]):
    """The JSON that a driver writes into its tokens, as a type: ``TokenForm(tuple[Id, Count])``."""

    def __init__(self, form: type[Form]) -> None:
        self._form: TypeAdapter[Form] = TypeAdapter(form)

    def read(self, state: UploadState) -> Form | None:
        """Return the content of a state's token, or None if it is not of this form: then the upload is unknown."""
        try:
            return self._form.validate_json(state.token, strict=True)
        except ValueError:
            return None
