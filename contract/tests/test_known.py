"""The table of known plugins lists every plugin of this repository with its package."""

from __future__ import annotations

from importlib.metadata import distribution, entry_points

import pytest

from entrepot_contract.known import PACKAGES, not_installed


@pytest.mark.parametrize("group", PACKAGES)
def test_the_known_names_are_those_of_our_packages(group: str) -> None:
    ours = {
        claim.name: claim.dist.name
        for claim in entry_points(group=group)
        if claim.dist is not None and claim.dist.name.startswith("entrepot-") and claim.dist.version == OURS
    }
    assert ours == PACKAGES[group]


OURS = distribution("entrepot-contract").version


@pytest.mark.parametrize(
    ("name", "installed", "message"),
    [
        ("s3", [], "; none is installed; to install it: pip install entrepot-storage-s3"),
        ("gc", ["inmemory", "gcs"], "; installed: gcs, inmemory, did you mean 'gcs'?"),
        ("tape", ["gcs"], "; installed: gcs; install the package that provides it"),
    ],
)
def test_a_name_that_is_not_installed_is_reported_with_a_fix(name: str, installed: list[str], message: str) -> None:
    assert not_installed("entrepot.storage", name, installed) == f"no storage plugin is called {name!r}{message}"
