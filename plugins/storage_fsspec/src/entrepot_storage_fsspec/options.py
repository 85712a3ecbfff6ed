"""The options, and what is known of the filesystems that fsspec brings itself."""

from __future__ import annotations

from typing import Final, Literal, Self

from pydantic import Field, Secret, model_validator

from entrepot_contract import DriverOptions

__all__ = ["FsspecOptions"]

Replace = Literal["rename", "write"]

_KNOWN: Final[dict[str, Replace]] = {
    **dict.fromkeys(("file", "local", "sftp", "ssh"), "rename"),
    "memory": "write",  # a file is put into the dictionary whole, by pipe_file and cp_file; its mv copies and deletes
}


class FsspecOptions(DriverOptions):
    """Which filesystem, where on it, and what it promises; ``storage_options`` may hold secrets."""

    protocol: str
    rootdirectory: str
    storage_options: Secret[dict[str, object]] = Secret({})
    replace: Replace | None = None
    create: bool | None = None
    timeout: float = Field(30, gt=0)

    @model_validator(mode="after")
    def _promises(self) -> Self:
        known = _KNOWN.get(self.protocol)
        if (known or self.replace) is None:
            raise ValueError(
                f"nothing is known of {self.protocol!r}; set 'replace' to 'rename' where its mv replaces a file in one "
                "step, or to 'write' where pipe_file and cp_file do, and use no filesystem on which neither does"
            )
        if known and self.replace not in {None, known}:
            raise ValueError(f"'replace' of {self.protocol!r} is {known!r}; leave it out")
        if self.create and (self.protocol == "memory" or (self.replace == "rename" and not known)):
            raise ValueError(f"'create' cannot be true: {self.protocol!r} has no write that fails where a file is")
        return self

    @property
    def tree(self) -> bool:
        """Whether directories are made and emptied, and a rename replaces; otherwise names are all there is."""
        return (self.replace or _KNOWN[self.protocol]) == "rename"

    @property
    def creates(self) -> bool:
        """Whether a file can be made that fails where one is: a hard link does, so it is known of local files alone."""
        return self.protocol in {"file", "local"} if self.create is None else self.create
