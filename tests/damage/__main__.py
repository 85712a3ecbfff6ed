"""Prints the table for a storage: ``PYTHONPATH=tests python -m damage FOLDER``, or ``--s3`` for a mock of S3.

The trees stay in the folder, so that one can look at them, and start a registry on them.
"""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from services.moto import Moto
from services.s3 import s3_options

from damage.answers import CASES, observe, strangers, table
from entrepot_contract import StorageDriver
from entrepot_storage_fs import FilesystemDriver
from entrepot_storage_s3 import S3Driver


@contextmanager
def storage(place: str) -> Iterator[StorageDriver]:
    """The storage that the command line names."""
    if place != "--s3":
        yield FilesystemDriver.from_config({"rootdirectory": place})
        return
    with Moto() as moto:
        driver = S3Driver.from_config(s3_options(moto))
        yield driver
        driver.close()


def main() -> None:
    """Make the trees and print what is answered."""
    if len(sys.argv) != 2:
        sys.exit(str(__doc__))
    logging.disable(logging.CRITICAL)
    with storage(sys.argv[1]) as driver:
        sys.stdout.write(table([observe(driver, target, kind) for target, kind in CASES]))
        strangers(driver)


if __name__ == "__main__":
    main()
