"""Print the table of responses: ``PYTHONPATH=tests python -m damage FOLDER``, or ``--s3`` for a mock of S3.

The trees are left in the directory, so that they can be inspected or served by a registry.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from support.services.moto import Moto
from support.services.s3 import s3_options

from damage.answers import CASES, foreign_objects, observe, table
from entrepot_contract import StorageDriver
from entrepot_storage_fs import FilesystemDriver
from entrepot_storage_s3 import S3Driver


@contextmanager
def storage(place: str) -> Iterator[StorageDriver]:
    """Return the storage that the command line selects."""
    if place != "--s3":
        yield FilesystemDriver.from_config({"rootdirectory": place})
        return
    with Moto() as moto:
        driver = S3Driver.from_config(s3_options(moto))
        yield driver
        driver.close()


def main() -> None:
    """Create the trees and print the responses."""
    if len(sys.argv) != 2:
        sys.exit(str(__doc__))
    logging.disable(logging.CRITICAL)
    with storage(sys.argv[1]) as driver:
        sys.stdout.write(table([observe(driver, target, kind) for target, kind in CASES]))
        foreign_objects(driver)


if __name__ == "__main__":
    main()
