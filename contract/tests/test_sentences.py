"""The sentences of the contracts and the tests of the kits match."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from types import FunctionType

import pytest

import entrepot_contract
from entrepot_contract.testing import AuthenticatorContract, ServerContract, SinkContract, StorageContract
from entrepot_contract.testing import kits as kits_of_the_contract
from entrepot_contract.testing.sentences import sentences_of
from entrepot_contract.testing.unproven import NOT_PROVEN

SOURCE = Path(entrepot_contract.__file__).parent
VERBS = {
    kit: [
        name
        for verb_class in about.verbs
        for name, member in vars(verb_class).items()
        if isinstance(member, FunctionType | property | classmethod)
    ]
    for kit, about in kits_of_the_contract.KITS.items()
}
CLASSES = {each.__name__ for about in kits_of_the_contract.KITS.values() for each in about.verbs}


def words(text: str) -> str:
    return " ".join(text.split())


def documented(files: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Yield each name of the contract with its docstring; methods of a plugin without their class."""
    for file in files:
        tree = ast.parse((SOURCE / f"{file}.py").read_text())
        yield file, ast.get_docstring(tree) or ""
        for node, text in zip(tree.body[:-1], tree.body[1:], strict=True):
            if isinstance(node, ast.Assign | ast.AnnAssign) and isinstance(text, ast.Expr):
                target = node.target if isinstance(node, ast.AnnAssign) else node.targets[0]
                yield ast.unparse(target), ast.literal_eval(text.value)
        for kind in (node for node in tree.body if isinstance(node, ast.ClassDef)):
            yield kind.name, ast.get_docstring(kind) or ""
            for verb in (node for node in kind.body if isinstance(node, ast.FunctionDef)):
                name = verb.name if kind.name in CLASSES else f"{kind.name}.{verb.name}"
                yield name, ast.get_docstring(verb) or ""


@dataclass(frozen=True)
class Subject:
    """A kit, and the modules of the contract that it quotes."""

    case: type
    files: Sequence[str]

    @cached_property
    def docs(self) -> Mapping[str, str]:
        return {where: words(text) for where, text in documented(self.files)}

    @cached_property
    def tests(self) -> Mapping[str, object]:
        return {name: getattr(self.case, name) for name in dir(self.case) if name.startswith("test_")}

    @cached_property
    def quotes(self) -> Sequence[tuple[str, str, str]]:
        return [(name, *pair) for name, test in self.tests.items() for pair in sentences_of(test)]


KITS = {
    "storage": Subject(StorageContract, ["capabilities", "storage", "types", "keys"]),
    "auth": Subject(AuthenticatorContract, ["auth", "tokens"]),
    "notify": Subject(SinkContract, ["notify", "events"]),
    "server": Subject(ServerContract, ["server"]),
}


@pytest.mark.parametrize("kit", KITS)
def test_every_test_of_the_kit_quotes_a_sentence(kit: str) -> None:
    assert [name for name, test in KITS[kit].tests.items() if not sentences_of(test)] == []


@pytest.mark.parametrize(("kit", "test"), [(kit, test) for kit in KITS for test in sorted(KITS[kit].tests)])
def test_quotes_are_in_the_docstrings(kit: str, test: str) -> None:
    for where, quote in sentences_of(KITS[kit].tests[test]):
        assert where == "kit" or words(quote) in KITS[kit].docs[where], f"{where}: {quote}"


@pytest.mark.parametrize(("kit", "gap"), [(kit, gap) for kit in KITS for gap in NOT_PROVEN[kit]])
def test_gaps_are_in_the_docstrings(kit: str, gap: tuple[str, str]) -> None:
    assert words(gap[1]) in KITS[kit].docs[gap[0]]


@pytest.mark.parametrize(("kit", "verb"), [(kit, verb) for kit in KITS for verb in VERBS[kit]])
def test_every_sentence_of_a_method_is_proven_or_listed_as_a_gap(kit: str, verb: str) -> None:
    left = KITS[kit].docs[verb]
    quotes = [quote for _, where, quote in KITS[kit].quotes if where == verb]
    quotes += [quote for where, quote in NOT_PROVEN[kit] if where == verb]
    for quote in sorted(map(words, quotes), key=len, reverse=True):
        left = left.replace(quote, " ")
    assert re.findall(r"\w+", left) == [], "these words are not quoted by any test of the kit"


@pytest.mark.parametrize(
    ("kit", "kind"),
    [
        *(("storage", kind) for kind in ("ObjectInfo", "Prefix", "Reader", "UploadState")),
        *(("auth", kind) for kind in ("Access", "Presented", "Identity", "Refused", "TokenRequest", "TokenAnswer")),
        *(("notify", kind) for kind in ("SinkError", "Undelivered", "Rejected", "Event")),
        *(("server", kind) for kind in ("ServerDriver", "ServerSettings", "TlsSettings", "ApplicationFactory")),
    ],
)
def test_every_value_of_the_contract_is_tested(kit: str, kind: str) -> None:
    assert any(where == kind for _, where, _ in KITS[kit].quotes)
