"""The kit's own limit for the time of a test: a plugin that never returns fails its test, and does not stop the run."""

from __future__ import annotations

from typing import Final

import pytest

from entrepot_contract.testing.base import KitBase
from entrepot_contract.testing.outcomes import outcome
from entrepot_contract.testing.sentences import needs_of

__all__ = ["run_test"]

HANGS: Final = 3
AFTER_HANG: Final = 60.0
THOROUGH: Final = 4
LARGE: Final = 15
_hung: Final = pytest.StashKey[dict[type, int]]()


def run_test(item: pytest.Function) -> None:
    """Run a test of a kit in a thread of its own, and fail it if it does not end within the limit of its class.

    Once a test has hung, the others of its class get a minute; after three, they fail at once.
    """
    case = item.cls
    assert case is not None
    assert issubclass(case, KitBase)
    hung = item.config.stash.setdefault(_hung, {})
    arguments = {name: item.funcargs[name] for name in item._fixtureinfo.argnames}
    if case.time_limit is None or item.config.getoption("usepdb") or item.config.getoption("trace"):
        item.obj(**arguments)
        return
    before = hung.get(case, 0)
    if before >= HANGS:
        pytest.fail(f"not run: {HANGS} tests of {case.__name__} before it did not end", pytrace=False)
    limit = case.time_limit * (THOROUGH if item.config.getoption("contract_thorough") else 1)
    if "large" in needs_of(item.function):
        limit *= LARGE
    if before:
        limit = min(limit, AFTER_HANG)
    found = outcome(item.name, lambda: item.obj(**arguments), limit)
    if not found.ended:
        hung[case] = before + 1
        pytest.fail(
            f"the test did not end within {limit:g} s (time_limit): a call never returned\n{found}", pytrace=False
        )
    if found.error is not None:
        raise found.error
