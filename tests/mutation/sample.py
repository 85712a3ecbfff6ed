"""Create the mutants of a plugin, and print the names of those that `make mutate` judges by default.

``sample.py PLUGIN [SIZE]`` prints one name per line; the current directory is the copy of the plugin.
SIZE is a number or "all".
"""

from __future__ import annotations

import contextlib
import hashlib
import json
import sys
from pathlib import Path
from typing import Final

from mutmut.__main__ import create_mutants
from mutmut.utils.file_utils import copy_also_copy_files, copy_src_dir

SIZES: Final = {"storage_layers": 250}
"""Number of mutants to judge, for plugins with too many for one run. All mutants of other plugins are judged."""


def order(mutant: str) -> bytes:
    """Return a sort key that does not depend on the other mutants, so a smaller sample is a part of a larger one."""
    return hashlib.sha256(mutant.encode()).digest()


def create() -> list[str]:
    """Create the mutants as ``mutmut run`` does, which finds them later, and return their names."""
    Path("mutants").mkdir(exist_ok=True)
    with contextlib.redirect_stdout(sys.stderr):
        copy_src_dir()
        copy_also_copy_files()
        create_mutants(1)
    metas = Path("mutants/src").rglob("*.py.meta")
    return sorted(name for meta in metas for name in json.loads(meta.read_text())["exit_code_by_key"])


def main(plugin: str, size: str = "") -> None:
    """Print the sample of a plugin, or nothing if all mutants are to be judged."""
    number = size or SIZES.get(plugin, "all")
    names = create()
    sys.stderr.write(f"{plugin}: {len(names)} mutants, sample: {number}\n")
    if number != "all":
        sys.stdout.writelines(f"{name}\n" for name in sorted(names, key=order)[: int(number)])


if __name__ == "__main__":
    main(*sys.argv[1:])
