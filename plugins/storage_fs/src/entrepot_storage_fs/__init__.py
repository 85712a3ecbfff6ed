"""entrepot storage on a local or network filesystem, in Docker Distribution's layout."""

from entrepot_storage_fs.driver import FilesystemDriver
from entrepot_storage_fs.options import FilesystemOptions

__all__ = ["FilesystemDriver", "FilesystemOptions"]
