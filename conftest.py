"""Configuration of all tests: distribution over processes by directory, profiles of Hypothesis, and what is left out.

It must not import from the tests, because every pytest that collects a file in this checkout loads it.
"""

from __future__ import annotations

import gc
import signal
from typing import Final

import pytest
from hypothesis import settings
from xdist.remote import Producer  # type: ignore[import-untyped]  # pytest-xdist ships no types
from xdist.scheduler import LoadScopeScheduling  # type: ignore[import-untyped]  # as above

# A background job of a shell is started with SIGINT ignored, and its child processes inherit that.
signal.signal(signal.SIGINT, signal.default_int_handler)

# A slow example on a busy machine is not a failure.
settings.register_profile("entrepot", deadline=None, max_examples=50)
settings.register_profile("soak", deadline=None, max_examples=1000)
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
"""Directories whose tests share servers for the whole session."""


LONGEST: Final = (
    "plugins/storage_s3/",
    "plugins/storage_azure/",
    "contract/tests/test_broken.py",
    "plugins/storage_fsspec/",
    "contract/tests/test_cli.py",
    "plugins/storage_gcs/",
    "host/tests/cli/test_new_driver.py",
    "plugins/server_",
    "host/tests/server/",
    "benchmarks/tests/test_",
    "tests/hosts/",
    "tests/auth/",
    "tests/protocol/",
    "tests/performance/",
    "tests/setup/",
    "tests/notifications/",
    "tests/docs/test_documents.py",
    "tests/faults/",
    "tests/memory/",
    "tests/drivers/",
    "tests/tls/",
)
"""The places that take a minute or more, the longest first: no process has to wait for the others at the end."""


REPEATED: Final = ("model", "shared", "threads")
"""The modules of the storage kit whose tests repeat races and generated sequences of calls."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Sort the tests, and leave tests of a kit to `make soak` where a class runs a driver for a second time."""
    items.sort(key=_rank)
    for item in items:
        reduced = item.get_closest_marker("reduced")
        if reduced is None or not isinstance(item, pytest.Function):
            continue
        kit = item.function.__module__.rpartition(".")[2]
        if kit not in reduced.args if reduced.args else kit in REPEATED:
            item.add_marker("soak")


def _rank(item: pytest.Item) -> int:
    return next((rank for rank, place in enumerate(LONGEST) if item.nodeid.startswith(place)), len(LONGEST))


def pytest_collection_finish() -> None:
    """Exempt the modules and items of the tests from garbage collection, which takes a second with them."""
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def thorough(request: pytest.FixtureRequest) -> bool:
    """Whether this is the run of `make soak`, with more repetitions and larger objects."""
    return bool(request.config.getoption("contract_thorough"))


class ByPlace(LoadScopeScheduling):  # type: ignore[misc]  # as above
    """Keep the tests of a shared directory, of a class or of a file together.

    The groups of pytest-xdist are not used, because 3.8.0 sets an attribute that pytest 9.2 no longer reads.
    """

    def _split_scope(self, nodeid: str) -> str:
        for folder in SHARED:
            if nodeid.startswith(folder):
                return folder
        return str(super()._split_scope(nodeid))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> ByPlace:
    """Distribute the tests over the processes of pytest-xdist, in their order."""
    config.option.loadscopereorder = False
    return ByPlace(config, log)
