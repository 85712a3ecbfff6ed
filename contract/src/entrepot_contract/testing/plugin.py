"""The pytest plugin of the kit: known failures, statuses, and ``--contract-report``.

pytest loads it in every run where entrepot-contract is installed, so it imports nothing but pytest.
"""

from __future__ import annotations

import pytest

pytest.register_assert_rewrite("entrepot_contract.testing.storage")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add ``--contract-report``."""
    parser.getgroup("entrepot-contract").addoption(
        "--contract-report",
        action="append",
        default=[],
        metavar="FILE",
        help="write which sentences of the contract were proven, as .json, .md or .html; may be given again",
    )
