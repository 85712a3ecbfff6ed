"""Generate the pages about the contracts: their docstrings, and the tests of the kits that prove each sentence.

Run ``python -m entrepot_contract.testing.document > docs/contract.md``, or with ``auth``, ``notify`` or ``server`` for
``docs/contract-auth.md`` and so on.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from types import ModuleType
from typing import Final

from entrepot_contract import auth, capabilities, errors, events, keys, notify, server, storage, tokens, types
from entrepot_contract.testing import AuthenticatorContract, ServerContract, SinkContract, StorageContract
from entrepot_contract.testing.kits import KITS
from entrepot_contract.testing.sentences import needs_of, sentences_of
from entrepot_contract.testing.unproven import NOT_PROVEN

__all__ = ["document"]

_INTRODUCTION: Final = """\
Each section states what a plugin must do, followed by the tests of the kit that prove each sentence, or the reason why
no test can. To run the kit on your own plugin, see [entrepot-contract](../contract/README.md). For a tutorial, see"""

_Section = tuple[str, Sequence[str]]
"""A heading, and the blocks below it."""


@dataclass(frozen=True)
class _Page:
    """A kit with its class of tests, the modules of its contract, the classes in the first ones, and its tutorial."""

    kit: str
    case: type
    modules: tuple[ModuleType, ...]
    classes: tuple[str, ...]
    tutorial: str

    @property
    def head(self) -> list[str]:
        """What comes before the contents."""
        about, module = KITS[self.kit], self.modules[0]
        name, argument = ("contract", "") if self.kit == "storage" else (f"contract-{self.kit}", f" {self.kit}")
        command = f"python -m entrepot_contract.testing.document{argument} > docs/{name}.md"
        rest = inspect.cleandoc(module.__doc__ or "").partition("\n\n")[2]
        return [
            f"<!-- Generated from the docstrings: {command} -->",
            f"# The {about.title[0].lower()}{about.title[1:]}, version {'.'.join(map(str, about.version))}",
            f"{_INTRODUCTION} [{self.tutorial.replace('-', ' ').capitalize()}]({self.tutorial}.md).",
            *_prose(rest),
            *_proofs(module.__name__.rpartition(".")[2], self),
        ]

    def bodies(self) -> Iterator[tuple[ModuleType, ast.ClassDef]]:
        """Yield the classes that a plugin inherits."""
        for module in self.modules:
            for name, node in _nodes(module).items():
                if name in self.classes and isinstance(node, ast.ClassDef):
                    yield module, node

    def parts(self) -> list[tuple[str, list[_Section]]]:
        """Return the parts of the page, each with its sections."""
        verbs = [one for _, node in self.bodies() for one in node.body if isinstance(one, ast.FunctionDef)]
        start: list[tuple[str, list[_Section]]] = [
            (KITS[self.kit].noun.capitalize(), [self.described_class(*each) for each in self.bodies()]),
            ("Verbs", [_verb(node, self) for node in verbs]),
        ]
        if self.kit != "storage":
            named = [(module, name) for module in self.modules for name in module.__all__]
            values = [each for each in named if each[1] not in self.classes and not each[1].endswith("_VERSION")]
            return [*start, ("Values", [_described(module, name, self) for module, name in values])]
        raised = [name for name, node in _nodes(errors).items() if isinstance(node, ast.ClassDef)]
        return [
            *start,
            ("Values", [_described(module, name, self) for module in (capabilities, types) for name in module.__all__]),
            ("Keys", [_described(keys, name, self) for name in ("Key", "is_key", "is_prefix")]),
            ("Errors", [_described(errors, name, self) for name in raised]),
        ]

    def described_class(self, module: ModuleType, node: ast.ClassDef) -> _Section:
        """Return the section of a class that a plugin inherits."""
        blocks = [*_prose(_text(module, node.name)), *_attributes(node.body), *_proofs(node.name, self)]
        return node.name, blocks


_PAGES: Final = {
    page.kit: page
    for page in (
        _Page(
            "storage",
            StorageContract,
            (storage, capabilities, types, keys, errors),
            ("StorageDriver",),
            "writing-a-driver",
        ),
        _Page(
            "auth", AuthenticatorContract, (auth, tokens), ("Authenticator", "TokenIssuer"), "writing-an-authenticator"
        ),
        _Page("notify", SinkContract, (notify, events), ("NotificationSink",), "writing-a-sink"),
        _Page("server", ServerContract, (server,), ("ServerDriver",), "writing-a-server"),
    )
}


def document(kit: str = "storage") -> str:
    """Return the page of a contract as Markdown."""
    page = _PAGES[kit]
    parts, seen = page.parts(), Counter[str]()
    contents = [line for title, sections in parts for line in _contents(title, sections, seen)]
    blocks = [block for title, sections in parts for block in _part(title, sections)]
    return "\n\n".join([*page.head, "\n".join(contents), *blocks]) + "\n"


def _contents(title: str, sections: Sequence[_Section], seen: Counter[str]) -> Iterator[str]:
    yield f"- [{title}](#{_anchor(title, seen)})"
    yield "  " + " · ".join(f"[`{name}`](#{_anchor(name, seen)})" for name, _ in sections)


def _anchor(heading: str, seen: Counter[str]) -> str:
    """Return the anchor of a heading; the second of the same name gets a number (``health``, ``Health``)."""
    name = heading.lower()
    seen[name] += 1
    return name if seen[name] == 1 else f"{name}-{seen[name] - 1}"


def _part(title: str, sections: Sequence[_Section]) -> Iterator[str]:
    yield f"## {title}"
    if title == "Errors":
        yield from _prose(inspect.cleandoc(errors.__doc__ or ""))
    for name, blocks in sections:
        yield f"### `{name}`"
        yield from blocks


def _attributes(body: Sequence[ast.stmt]) -> Iterator[str]:
    lines = [
        f"- `{ast.unparse(node)}`: {_line(text.value.value)}"
        for node, text in pairwise(body)
        if isinstance(node, ast.AnnAssign) and isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant)
    ]
    if lines:
        yield "\n".join(lines)


def _verb(node: ast.FunctionDef, page: _Page) -> _Section:
    text = ast.get_docstring(node) or ""
    raised = [error for error in errors.__all__ if re.search(rf"\b{error}\b", text)]
    blocks = [_code(_signature(node)), *_prose(text)]
    if raised and errors in page.modules:
        blocks.append("Errors: " + ", ".join(f"[`{error}`](#{error.lower()})" for error in raised) + ".")
    return node.name, [*blocks, *_proofs(node.name, page)]


def _described(module: ModuleType, name: str, page: _Page) -> _Section:
    bases = [base.__name__ for base in getattr(getattr(module, name), "__bases__", ()) if module is errors]
    below = [f"Subclass of {' and '.join(f'`{base}`' for base in bases)}."] if bases else []
    shape = _shape(_nodes(module)[name])
    return name, [*([_code(shape)] if shape else []), *_prose(_text(module, name)), *below, *_proofs(name, page)]


def _shape(node: ast.stmt) -> str:
    """Return the signature or fields of a name, or an empty text if there are none."""
    if isinstance(node, ast.FunctionDef):
        return _signature(node)
    if not isinstance(node, ast.ClassDef):
        return ast.unparse(node)
    fields = [ast.unparse(one) for one in node.body if isinstance(one, ast.AnnAssign) and one.simple]
    if "dataclass" in "".join(map(ast.unparse, node.decorator_list)):
        return f"{node.name}(\n" + "".join(f"    {one},\n" for one in fields) + ")"
    methods = [one for one in node.body if isinstance(one, ast.FunctionDef)]
    if "Protocol" in map(ast.unparse, node.bases):
        return "\n".join(f"{node.name}.{_signature(one)}" for one in methods)
    made = next((one for one in methods if one.name == "__init__"), None)
    if made is not None:
        return _signature(made).replace("__init__", node.name, 1).removesuffix(" -> None")
    return "\n".join(f"{node.name}.{ast.unparse(one)}" for one in node.body if isinstance(one, ast.Assign))


def _signature(node: ast.FunctionDef) -> str:
    kinds = {ast.unparse(one) for one in node.decorator_list}
    returns = ast.unparse(node.returns) if node.returns is not None else "None"
    if "property" in kinds:
        return f"{node.name}: {returns}"
    arguments = ast.unparse(node.args)
    return f"{node.name}({re.sub(r'^(self|cls)(, |$)', '', arguments)}) -> {returns}"


def _proofs(where: str, page: _Page) -> Iterator[str]:
    """Yield a table of the sentences of one docstring and those nested in it, in order, and the tests for each."""
    proven: dict[str, list[str]] = {}
    for name in dir(page.case):
        test = getattr(page.case, name)
        for place, quote in sentences_of(test) if name.startswith("test_") else []:
            if place.partition(".")[0] == where:
                needed = f" (needs {', '.join(needs_of(test))})" if needs_of(test) else ""
                proven.setdefault(_line(quote), []).append(f"`{name}`{needed}")
    kept = NOT_PROVEN[page.kit].items()
    gaps = {_line(quote): reason for (place, quote), reason in kept if place.partition(".")[0] == where}
    if not proven and not gaps:
        return
    text = _line(_docstrings(where, page))
    rows = ["| sentence | proven by |", "| --- | --- |"]
    for quote in sorted({*proven, *gaps}, key=lambda quote: (text.find(quote), quote)):
        proofs = ["<br>".join(proven.get(quote, []))]
        if quote in gaps:
            proofs.append(f"*{'partly' if quote in proven else 'not proven'}: {gaps[quote]}*")
        rows.append(f"| {quote} | {'<br>'.join(filter(None, proofs))} |")
    yield "\n".join(rows)


def _docstrings(where: str, page: _Page) -> str:
    """Return all docstrings of a name of the contract, including nested ones."""
    nodes = {name: (module, node) for module in reversed(page.modules) for name, node in _nodes(module).items()}
    nodes |= {
        node.name: (module, node)
        for module, body in page.bodies()
        for node in body.body
        if isinstance(node, ast.FunctionDef)
    }
    if where not in nodes:
        return next(m.__doc__ or "" for m in page.modules if m.__name__.rpartition(".")[2] == where)
    module, node = nodes[where]
    if not isinstance(node, ast.ClassDef | ast.FunctionDef):
        return _text(module, where)
    inner = [one for one in ast.walk(node) if isinstance(one, ast.ClassDef | ast.FunctionDef)]
    return "\n".join(ast.get_docstring(one) or "" for one in inner)


def _code(text: str) -> str:
    return f"```text\n{text}\n```"


def _prose(text: str) -> list[str]:
    return [re.sub(r"``(.+?)``", r"`\1`", text.strip())] if text.strip() else []


def _line(text: object) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", " ".join(str(text).split())).replace("|", "\\|")


def _text(module: ModuleType, name: str) -> str:
    """Return the docstring of a class or function, or the string below another name."""
    body = _body(module)
    for node, text in pairwise([*body, ast.Pass()]):
        if name not in _names(node):
            continue
        if isinstance(node, ast.ClassDef | ast.FunctionDef):
            return ast.get_docstring(node) or ""
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant):
            return inspect.cleandoc(str(text.value.value))
    return ""


def _nodes(module: ModuleType) -> dict[str, ast.stmt]:
    """Return the syntax tree node of each name in a module, in source order."""
    return {name: node for node in _body(module) for name in _names(node)}


@functools.cache
def _body(module: ModuleType) -> list[ast.stmt]:
    return ast.parse(inspect.getsource(module)).body


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    if isinstance(node, ast.AnnAssign):
        return [ast.unparse(node.target)]
    return [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []


if __name__ == "__main__":
    sys.stdout.write(document(*sys.argv[1:2]))
