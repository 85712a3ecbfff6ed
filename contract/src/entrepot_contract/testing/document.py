"""The storage contract as a page: its docstrings, and the tests of the kit that prove each sentence.

``python -m entrepot_contract.testing.document > docs/contract.md`` writes it.
"""

from __future__ import annotations

import ast
import inspect
import re
import sys
import textwrap
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from types import ModuleType
from typing import Final

from entrepot_contract import errors, keys, storage, types
from entrepot_contract.storage import CONTRACT_VERSION, StorageDriver
from entrepot_contract.testing.gaps import NOT_PROVEN
from entrepot_contract.testing.sentences import needs_of, sentences_of
from entrepot_contract.testing.storage import StorageContract

__all__ = ["document"]

_NOTE: Final = "<!-- Generated from the docstrings: python -m entrepot_contract.testing.document > docs/contract.md -->"
_INTRODUCTION: Final = """\
Under each heading stands what a driver must do, and then which tests of the kit prove which of its sentences. To run
them on a driver of your own is five lines: see [entrepot-contract](../contract/README.md).
"""


def document() -> str:
    """The page, in Markdown."""
    verbs = [(name, member) for name, member in vars(StorageDriver).items() if _is_verb(member)]
    parts = [
        ("Verbs", [_verb(name, member) for name, member in verbs]),
        ("Values", [_described(types, name) for name in types.__all__ if _is_told(types, name)]),
        ("Keys", [_described(keys, name) for name in ("Key", "is_key", "is_prefix")]),
        ("Errors", [_described(errors, name) for name in _in_order(errors)]),
    ]
    version = ".".join(map(str, CONTRACT_VERSION))
    head = [_NOTE, f"# The storage contract, version {version}", _INTRODUCTION.strip(), *_prose(_rest(storage.__doc__))]
    seen: Counter[str] = Counter()
    contents = [line for title, sections in parts for line in _contents(title, sections, seen)]
    body = [block for title, sections in parts for block in _part(title, sections)]
    return "\n\n".join([*head, "\n".join(contents), *body]) + "\n"


_Section = tuple[str, Sequence[str]]
"""A heading, and the blocks below it."""


def _contents(title: str, sections: Sequence[_Section], seen: Counter[str]) -> Iterator[str]:
    yield f"- [{title}](#{_anchor(title, seen)})"
    yield "  " + " · ".join(f"[`{name}`](#{_anchor(name, seen)})" for name, _ in sections)


def _anchor(heading: str, seen: Counter[str]) -> str:
    """Where a heading can be reached: the second of one name has a number (``health``, ``Health``)."""
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


def _verb(name: str, member: object) -> _Section:
    function = inspect.unwrap(_function(member))
    (node,) = ast.parse(textwrap.dedent(inspect.getsource(function))).body
    assert isinstance(node, ast.FunctionDef)
    node.args.args = node.args.args[1:]
    returns = ast.unparse(node.returns) if node.returns is not None else "None"
    signature = (
        f"{name}: {returns}" if isinstance(member, property) else f"{name}({ast.unparse(node.args)}) -> {returns}"
    )
    text = inspect.cleandoc(function.__doc__ or "")
    raised = [error for error in errors.__all__ if re.search(rf"\b{error}\b", text)]
    blocks = [f"```text\n{signature}\n```", *_prose(text)]
    if raised:
        blocks.append("Errors of its own: " + ", ".join(f"[`{error}`](#{error.lower()})" for error in raised) + ".")
    return name, [*blocks, *_proofs(name)]


def _described(module: ModuleType, name: str) -> _Section:
    member = getattr(module, name)
    text = _documented_names(module).get(name) or inspect.cleandoc(getattr(member, "__doc__", None) or "")
    bases = [base.__name__ for base in getattr(member, "__bases__", ()) if module is errors]
    below = [f"A kind of {' and of '.join(f'`{base}`' for base in bases)}."] if bases else []
    return name, [*_prose(text), *below, *_proofs(name)]


def _proofs(where: str) -> Iterator[str]:
    """A table of the sentences of one place, and what proves each."""
    proven: dict[str, list[str]] = {}
    for name in dir(StorageContract):
        test = getattr(StorageContract, name)
        for place, quote in sentences_of(test) if name.startswith("test_") else []:
            if place == where:
                needed = f" (needs {', '.join(needs_of(test))})" if needs_of(test) else ""
                proven.setdefault(_line(quote), []).append(f"`{name}`{needed}")
    gaps = {_line(quote): reason for (place, quote), reason in NOT_PROVEN["storage"].items() if place == where}
    if not proven and not gaps:
        return
    rows = ["| sentence | proven by |", "| --- | --- |"]
    for quote in [*proven, *(gap for gap in gaps if gap not in proven)]:
        proofs = ["<br>".join(proven.get(quote, []))]
        if quote in gaps:
            proofs.append(f"*{'in part' if quote in proven else 'not'}: {gaps[quote]}*")
        rows.append(f"| {quote} | {'<br>'.join(filter(None, proofs))} |")
    yield "\n".join(rows)


def _prose(text: str) -> list[str]:
    return [re.sub(r"``(.+?)``", r"`\1`", block) for block in [text.replace(chr(10) * 3, chr(10) * 2).strip()] if block]


def _line(text: str) -> str:
    return re.sub(r"``(.+?)``", r"`\1`", " ".join(text.split())).replace("|", "\\|")


def _rest(text: str | None) -> str:
    """A docstring without its first paragraph, which is the title."""
    return inspect.cleandoc(text or "").partition("\n\n")[2]


def _documented_names(module: ModuleType) -> dict[str, str]:
    """The names of a module that a string below them documents."""
    body = ast.parse(inspect.getsource(module)).body
    return {
        ast.unparse(target): inspect.cleandoc(text.value.value)
        for node, text in pairwise(body)
        if isinstance(text, ast.Expr) and isinstance(text.value, ast.Constant) and isinstance(text.value.value, str)
        for target in (node.targets if isinstance(node, ast.Assign) else [])
    }


def _is_told(module: ModuleType, name: str) -> bool:
    return inspect.isclass(getattr(module, name)) or name in _documented_names(module)


def _in_order(module: ModuleType) -> list[str]:
    """The classes of a module in the order of its source."""
    return [node.name for node in ast.parse(inspect.getsource(module)).body if isinstance(node, ast.ClassDef)]


def _is_verb(member: object) -> bool:
    return inspect.isfunction(member) or isinstance(member, property | classmethod)


def _function(member: object) -> Callable[..., object]:
    found = member.fget if isinstance(member, property) else getattr(member, "__func__", member)
    assert callable(found)
    return found


if __name__ == "__main__":
    sys.stdout.write(document())
