"""Referrers that were pushed before the referrers API existed (distribution-spec, Enabling the Referrers API)."""

from __future__ import annotations

from pathlib import Path

import pytest
from support.services.distribution import distribution
from support.services.entrepot import SERVERS, entrepot
from support.services.programs import need
from support.services.registry import write_config

from protocol.rows.subjects_referrers import BEFORE, SINCE
from protocol.run import run_row


@pytest.mark.parametrize("server", SERVERS)
def test_referrers_of_the_tag_schema_are_listed_by_the_api(
    request: pytest.FixtureRequest, tmp_path: Path, server: str
) -> None:
    need(request, "docker-registry")
    config = write_config(tmp_path / "config.yml", tmp_path / "data")
    for registry, row in (
        (distribution(config, tmp_path / "before"), BEFORE),
        (entrepot(config, tmp_path / "since", server=server), SINCE),
    ):
        with registry:
            run_row(registry.port, row)
