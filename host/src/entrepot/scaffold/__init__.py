"""Templates for a new plugin package, which works and passes its test kit as generated."""

from entrepot.scaffold.names import KINDS, NameRefused, Names, names_of
from entrepot.scaffold.package import LICENSES, files_of, write_files

__all__ = ["KINDS", "LICENSES", "NameRefused", "Names", "files_of", "names_of", "write_files"]
