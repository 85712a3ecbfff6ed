"""Listing of all pages with both registries on a small tree."""

from __future__ import annotations

import re
import shutil

import pytest
from click.testing import CliRunner
from performance.pages import main


def test_both_list_the_same_tree_and_the_ratio_is_printed() -> None:
    if shutil.which("docker-registry") is None:
        pytest.skip("the program docker-registry is missing: on Debian, apt-get install docker-registry")
    result = CliRunner().invoke(main, ["--repositories", "20", "--tags", "1500"])
    assert result.exit_code == 0, result.output
    rows = re.findall(r"^\| `(\S+)` \| (\d+) \| [\d.]+ \| [\d.]+ \| [\d.]+ \|", result.output, re.MULTILINE)
    assert rows == [("/v2/_catalog", "100"), ("/v2/_catalog", "1000"), ("/v2/tagged/tags/list", "1000")]
    assert "entrepot lists" not in result.output
