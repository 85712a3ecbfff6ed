"""The beginning of a plugin in a package of its own: a whole one, which passes its kit as it is generated."""

from entrepot.scaffold.names import KINDS, NameRefused, Names, names_of
from entrepot.scaffold.package import LICENSES, files_of, write_files

__all__ = ["KINDS", "LICENSES", "NameRefused", "Names", "files_of", "names_of", "write_files"]
