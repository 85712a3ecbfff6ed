"""Generate the page about the storage contract: its docstrings, and the tests of the kit that prove each sentence.

Run ``python -m entrepot_contract.testing.document > docs/contract.md``.
"""

from __future__ import annotations

import ast
import functools
import inspect
import re
import sys
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from types import ModuleType
from typing import Final

from entrepot_contract import capabilities, errors, keys, storage, types
from entrepot_contract.storage import CONTRACT_VERSION
from entrepot_contract.testing.sentences import needs_of, sentences_of
from entrepot_contract.testing.storage import StorageContract
from entrepot_contract.testing.unproven import NOT_PROVEN

__all__ = ["document"]

_NOTE: Final = "<!-- Generated from the docstrings: python -m entrepot_contract.testing.document > docs/contract.md -->"
_INTRODUCTION: Final = """\
Each section states what a driver must do, followed by the tests of the kit that prove each sentence, or the reason why
no test can. Running the kit on your own driver takes five lines: see [entrepot-contract](../contract/README.md). For a
tutorial, see [Writing a driver](writing-a-driver.md)."""
_DRIVER: Final = "StorageDriver"

_Section = tuple[str, Sequence[str]]
"""A heading, and the blocks below it."""


def document() -> str:
    """Return the page as Markdown."""
    body = _driver().body
    named = [name for name, node in _nodes(errors).items() if isinstance(node, ast.ClassDef)]
    parts: list[tuple[str, list[_Section]]] = [
        ("Driver", [(_DRIVER, [*_prose(_text(storage, _DRIVER)), *_attributes(body), *_proofs(_DRIVER)])]),
        ("Verbs", [_verb(node) for node in body if isinstance(node, ast.FunctionDef)]),
        ("Values", [_described(module, name) for module in (capabilities, types) for name in module.__all__]),
        ("Keys", [_described(keys, name) for name in ("Key", "is_key", "is_prefix")]),
        ("Errors", [_described(errors, name) for name in named]),
    ]
    version = ".".join(map(str, CONTRACT_VERSION))
    rest = inspect.cleandoc(storage.__doc__ or "").partition("\n\n")[2]
    head = [_NOTE, f"# The storage contract, version {version}", _INTRODUCTION, *_prose(rest), *_proofs("storage")]
    seen: Counter[str] = Counter()
    contents = [line for title, sections in parts for line in _contents(title, sections, seen)]
    blocks = [block for title, sections in parts for block in _part(title, sections)]
    return "\n\n".join([*head, "\n".join(contents), *blocks]) + "\n"


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
    yield "\n".join(lines)


def _verb(node: ast.FunctionDef) -> _Section:
    text = ast.get_docstring(node) or ""
    raised = [error for error in errors.__all__ if re.search(rf"\b{error}\b", text)]
    blocks = [_code(_signature(node)), *_prose(text)]
    if raised:
        blocks.append("Errors: " + ", ".join(f"[`{error}`](#{error.lower()})" for error in raised) + ".")
    return node.name, [*blocks, *_proofs(node.name)]


def _described(module: ModuleType, name: str) -> _Section:
    bases = [base.__name__ for base in getattr(getattr(module, name), "__bases__", ()) if module is errors]
    below = [f"Subclass of {' and '.join(f'`{base}`' for base in bases)}."] if bases else []
    shape = _shape(_nodes(module)[name])
    return name, [*([_code(shape)] if shape else []), *_prose(_text(module, name)), *below, *_proofs(name)]


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


def _proofs(where: str) -> Iterator[str]:
    """Yield a table of the sentences of one docstring and those nested in it, in order, and the tests for each."""
    proven: dict[str, list[str]] = {}
    for name in dir(StorageContract):
        test = getattr(StorageContract, name)
        for place, quote in sentences_of(test) if name.startswith("test_") else []:
            if place.partition(".")[0] == where:
                needed = f" (needs {', '.join(needs_of(test))})" if needs_of(test) else ""
                proven.setdefault(_line(quote), []).append(f"`{name}`{needed}")
    kept = NOT_PROVEN["storage"].items()
    gaps = {_line(quote): reason for (place, quote), reason in kept if place.partition(".")[0] == where}
    if not proven and not gaps:
        return
    text = _line(_docstrings(where))
    rows = ["| sentence | proven by |", "| --- | --- |"]
    for quote in sorted({*proven, *gaps}, key=lambda quote: (text.find(quote), quote)):
        proofs = ["<br>".join(proven.get(quote, []))]
        if quote in gaps:
            proofs.append(f"*{'partly' if quote in proven else 'not proven'}: {gaps[quote]}*")
        rows.append(f"| {quote} | {'<br>'.join(filter(None, proofs))} |")
    yield "\n".join(rows)


def _docstrings(where: str) -> str:
    """Return all docstrings of a name of the contract, including nested ones."""
    if where == "storage":
        return storage.__doc__ or ""
    modules = (errors, keys, capabilities, types, storage)
    nodes = {name: node for module in modules for name, node in _nodes(module).items()}
    nodes |= {node.name: node for node in _driver().body if isinstance(node, ast.FunctionDef)}
    node = nodes[where]
    if not isinstance(node, ast.ClassDef | ast.FunctionDef):
        return next(_text(module, where) for module in (capabilities, types, keys) if where in _nodes(module))
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


def _driver() -> ast.ClassDef:
    node = _nodes(storage)[_DRIVER]
    assert isinstance(node, ast.ClassDef)
    return node


def _nodes(module: ModuleType) -> dict[str, ast.stmt]:
    """Return the syntax tree node of each name in a module, in source order."""
    return {name: node for node in _body(module) for name in _names(node)}


@functools.cache
def _body(module: ModuleType) -> list[ast.stmt]:
    return ast.parse(inspect.getsource(module)).body


def _names(node: ast.stmt) -> list[str]:
    if isinstance(node, ast.ClassDef | ast.FunctionDef):
        return [node.name]
    return [ast.unparse(target) for target in node.targets] if isinstance(node, ast.Assign) else []


if __name__ == "__main__":
    sys.stdout.write(document())
