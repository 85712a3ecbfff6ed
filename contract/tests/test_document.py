"""``docs/contract.md`` and the pages of the other kits are up to date with the docstrings and the kit."""

from __future__ import annotations

import functools
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from entrepot_contract import StorageDriver, capabilities, errors, types
from entrepot_contract.testing import StorageContract
from entrepot_contract.testing.document import document
from entrepot_contract.testing.sentences import sentences_of

PAGE = Path(__file__).parents[2] / "docs" / "contract.md"


page = functools.cache(document)


@pytest.mark.parametrize("kit", ["storage", "auth", "notify", "server"])
def test_the_page_in_the_repository_is_up_to_date(kit: str) -> None:
    command = [sys.executable, "-m", "entrepot_contract.testing.document", kit]
    written = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True).stdout
    kept = PAGE if kit == "storage" else PAGE.with_name(f"contract-{kit}.md")
    assert kept.read_text() == written, f"regenerate {kept.name}: the command is in its first line"


@pytest.mark.parametrize(
    "name",
    [
        "StorageDriver",
        *sorted(StorageDriver.__abstractmethods__),
        "from_config",
        *capabilities.__all__,
        *types.__all__,
        *errors.__all__,
    ],
)
def test_every_verb_value_and_error_has_a_heading(name: str) -> None:
    assert f"\n### `{name}`\n" in page()


def test_every_test_of_the_kit_is_listed_with_its_sentence() -> None:
    rows = [line for line in page().splitlines() if line.startswith("| ")]
    for name in (name for name in dir(StorageContract) if name.startswith("test_")):
        for where, quote in sentences_of(getattr(StorageContract, name)):
            words = " ".join(quote.split()).replace("``", "`").replace("|", "\\|")
            # Rules of the kit are for authors of suites, and not part of the contract.
            assert where == "kit" or any(row.startswith(f"| {words} |") and f"`{name}`" in row for row in rows), quote


def test_the_sentences_of_a_method_are_in_order() -> None:
    table = page().partition("### `move`")[2].partition("\n### ")[0]
    rows = [row.split("|")[1].strip() for row in table.splitlines() if row.startswith("| ")]
    assert rows == [
        "sentence",
        "---",
        "Move an object to another key.",
        "On return the target is complete, replacing any existing object, and the source is gone.",
        "A crash may leave both, never neither.",
        "A missing source raises NotFound; the same key twice raises InvalidKey.",
        "Of several moves of one object at the same time, at least one succeeds; each other one raises NotFound or "
        "Unavailable, or leaves a complete target as well.",
        "What another caller writes to the source during a move may be lost.",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "- `name: ClassVar[str]`: The entry point's name",
        "read(key: Key, *, offset: int=0, length: int | None=None) -> Reader\n",
        "from_config(config: Mapping[str, object]) -> Self\n",
        "\ncapabilities: Capabilities\n",
        "    part_size_hint: int = 8 * 2 ** 20,\n",
        "Reader.info: ObjectInfo\n",
        "WriteMode.CREATE = 'create'\n",
        "MAX_PUT_SIZE = 16 * 2 ** 20\n",
        "is_prefix(text: str) -> bool\n",
        "DeleteFailed(message: str, *, driver: str, operation: str, failed: Mapping[str, StorageError]",
        "Subclass of `StorageError` and `FileNotFoundError`.\n",
    ],
)
def test_signatures_and_fields_are_on_the_page(text: str) -> None:
    assert text in page()


def test_links_and_headings_of_the_page_match() -> None:
    seen: Counter[str] = Counter()
    anchors = set()
    for heading in re.findall(r"^##+ `?([^`\n]+)`?$", page(), re.MULTILINE):
        name = heading.lower()
        anchors.add(f"{name}-{seen[name]}" if seen[name] else name)
        seen[name] += 1
    assert set(re.findall(r"\(#([^)]+)\)", page())) == anchors
