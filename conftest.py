"""What holds for all tests: those of one place run in one process, and no example of hypothesis has a time limit.

It imports nothing of the tests: every pytest that collects a file of this checkout loads it, also one of a user.
"""

from __future__ import annotations

import signal
from typing import Final

import pytest
from hypothesis import settings
from xdist.remote import Producer  # type: ignore[import-untyped]  # pytest-xdist ships no types
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # the same

# A shell starts a background job with SIGINT ignored, and whatever the job starts ignores it, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# An example that meets a pause of a busy machine is not a fault.
settings.register_profile("entrepot", deadline=None)
if settings.get_current_profile_name() == "default":
    settings.load_profile("entrepot")

SHARED: Final = (
    "plugins/storage_azure/",
    "plugins/storage_fsspec/",
    "plugins/storage_gcs/",
    "plugins/storage_s3/",
    "tests/auth/",
    "tests/hosts/",
    "tests/matrix/",
    "tests/protocol/",
    "tests/redirects/",
)
"""Folders whose tests share servers for the whole session."""


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]  # the same
    """Keep the tests of a shared folder, of a class or of a file together.

    pytest-xdist's own groups are not used: its 3.8.0 sets an attribute that pytest 9.2 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        for folder in SHARED:
            if nodeid.startswith(folder):
                return folder
        return str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByPlace:
    """Divide the tests between the processes of pytest-xdist by their places."""
    return ByPlace(config, log)
