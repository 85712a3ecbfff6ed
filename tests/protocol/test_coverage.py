"""Every sentence of the specification that applies to registries is quoted by a row, and rows quote no other text."""

from __future__ import annotations

import re
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from protocol.rows import ALL

ROWS = [row for rows in ALL.values() for row in rows]


@dataclass(frozen=True, slots=True)
class Sentence:
    section: str
    addressee: str
    text: str


def sentences() -> list[Sentence]:
    found: list[Sentence] = []
    section = ""
    for line in Path(__file__).with_name("sentences.txt").read_text().splitlines():
        if line.startswith("## "):
            section = line.removeprefix("## ")
        elif match := re.fullmatch(r"([RC]|N \([^)]+\)): (.+)", line):
            found.append(Sentence(section, match[1][0], match[2]))
        else:
            assert not line or line.startswith("# "), f"neither a section nor a sentence: {line}"
    return found


SENTENCES = sentences()
QUOTES = [rule for row in ROWS for rule in row.rules if rule.source == "OCI"]


def test_every_sentence_addressed_to_registries_has_a_row() -> None:
    missing = [
        f"{sentence.section}: {sentence.text}"
        for sentence in SENTENCES
        if sentence.addressee == "R"
        and not any(quote.section == sentence.section and quote.text in sentence.text for quote in QUOTES)
    ]
    assert not missing, "not quoted by any row\n" + "\n".join(missing)


def test_every_quote_is_part_of_one_sentence_of_its_section() -> None:
    wrong = {
        f"{quote.section}: {quote.text}"
        for quote in QUOTES
        if sum(quote.section == sentence.section and quote.text in sentence.text for sentence in SENTENCES) != 1
    }
    assert not wrong, "not a part of exactly one sentence:\n" + "\n".join(sorted(wrong))


def test_the_names_of_rows_are_unique_within_a_topic() -> None:
    for theme, rows in ALL.items():
        doubles = [name for name, count in Counter(row.name for row in rows).items() if count > 1]
        assert not doubles, f"{theme}: {doubles}"


def test_every_row_quotes_a_rule_and_sends_a_request() -> None:
    empty = [row.name for row in ROWS if not row.rules or not row.steps]
    assert not empty
