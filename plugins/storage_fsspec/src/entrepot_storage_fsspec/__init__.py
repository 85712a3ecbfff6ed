"""entrepot storage on any filesystem of fsspec."""

from entrepot_storage_fsspec.driver import FsspecDriver
from entrepot_storage_fsspec.options import FsspecOptions

__all__ = ["FsspecDriver", "FsspecOptions"]
