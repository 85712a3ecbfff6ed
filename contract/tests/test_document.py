"""``docs/contract.md`` is what the docstrings and the kit say now."""

from __future__ import annotations

import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from entrepot_contract import StorageDriver, errors
from entrepot_contract.testing import StorageContract
from entrepot_contract.testing.document import document
from entrepot_contract.testing.sentences import sentences_of

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"


def test_the_page_in_the_repository_is_not_stale() -> None:
    command = [sys.executable, "-m", "entrepot_contract.testing.document"]
    written = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    assert PAGE.read_text() == written, (
        "write it again: python -m entrepot_contract.testing.document > docs/contract.md"
    )


@pytest.mark.parametrize("name", [*StorageDriver.__abstractmethods__, "from_config", *errors.__all__])
def test_every_verb_and_error_has_a_heading(name: str) -> None:
    assert f"\n### `{name}`\n" in document()


def test_every_test_of_the_kit_stands_beside_its_sentence() -> None:
    rows = [line for line in document().splitlines() if line.startswith("| ")]
    for name in (name for name in dir(StorageContract) if name.startswith("test_")):
        for where, quote in sentences_of(getattr(StorageContract, name)):
            words = " ".join(quote.split()).replace("``", "`").replace("|", "\\|")
            assert where in {"kit", "storage"} or any(f"| {words} |" in row and f"`{name}`" in row for row in rows), (
                quote
            )


def test_every_link_of_the_page_has_its_heading_and_no_heading_is_left_out() -> None:
    seen: Counter[str] = Counter()
    anchors = set()
    for heading in re.findall(r"^##+ `?([^`\n]+)`?$", document(), re.MULTILINE):
        name = heading.lower()
        anchors.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    assert set(re.findall(r"\(#([^)]+)\)", document())) == anchors
