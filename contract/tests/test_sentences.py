"""The sentences of the contract and the tests of the kit cannot drift apart."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from types import FunctionType

import pytest

import entrepot_contract
from entrepot_contract import StorageDriver
from entrepot_contract.testing import StorageContract
from entrepot_contract.testing.gaps import STORAGE as NOT_PROVEN
from entrepot_contract.testing.sentences import sentences_of

SOURCE = Path(entrepot_contract.__file__).parent


def words(text: str) -> str:
    return " ".join(text.split())


def documented() -> Iterator[tuple[str, str]]:
    """Everything of the contract that has a docstring, with it; the verbs of a driver by their own names."""
    for file in ("storage", "types", "keys"):
        tree = ast.parse((SOURCE / f"{file}.py").read_text())
        yield file, ast.get_docstring(tree) or ""
        for node, text in zip(tree.body[:-1], tree.body[1:], strict=True):
            if isinstance(node, ast.Assign) and isinstance(text, ast.Expr):
                yield ast.unparse(node.targets[0]), ast.literal_eval(text.value)
        for kind in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            yield kind.name, ast.get_docstring(kind) or ""
            for verb in (node for node in kind.body if isinstance(node, ast.FunctionDef)):
                name = verb.name if kind.name == "StorageDriver" else f"{kind.name}.{verb.name}"
                yield name, ast.get_docstring(verb) or ""


DOCS = {where: words(text) for where, text in documented()}
KIT = {name: getattr(StorageContract, name) for name in dir(StorageContract) if name.startswith("test_")}
QUOTES = [(name, *pair) for name, test in KIT.items() for pair in sentences_of(test)]


def test_every_test_of_the_kit_quotes_a_sentence() -> None:
    assert [name for name, test in KIT.items() if not sentences_of(test)] == []


@pytest.mark.parametrize("test", sorted(KIT))
def test_quotes_are_in_the_docstrings(test: str) -> None:
    for where, quote in sentences_of(KIT[test]):
        assert where == "kit" or words(quote) in DOCS[where], f"{where}: {quote}"


@pytest.mark.parametrize("gap", NOT_PROVEN, ids=lambda gap: f"{gap[0]}-{gap[1][:20]}")
def test_gaps_are_in_the_docstrings(gap: tuple[str, str]) -> None:
    assert words(gap[1]) in DOCS[gap[0]]


VERBS = [
    name for name, member in vars(StorageDriver).items() if isinstance(member, FunctionType | property | classmethod)
]


@pytest.mark.parametrize("verb", VERBS)
def test_every_sentence_of_a_verb_is_proven_or_named_as_a_gap(verb: str) -> None:
    left = DOCS[verb]
    quotes = [quote for _, where, quote in QUOTES if where == verb]
    quotes += [quote for where, quote in NOT_PROVEN if where == verb]
    for quote in sorted(map(words, quotes), key=len, reverse=True):
        left = left.replace(quote, " ")
    assert re.findall(r"\w+", left) == [], "no test of the kit quotes these words"


@pytest.mark.parametrize("kind", ["ObjectInfo", "Prefix", "Reader", "UploadState"])
def test_every_value_of_the_contract_is_tested(kind: str) -> None:
    assert any(where == kind for _, where, _ in QUOTES)
