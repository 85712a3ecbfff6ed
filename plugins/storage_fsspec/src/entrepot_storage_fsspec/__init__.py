"""entrepot storage on a filesystem of fsspec."""

from entrepot_storage_fsspec.driver import FsspecDriver as FsspecDriver
