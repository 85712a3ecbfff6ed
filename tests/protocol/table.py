"""The form of the tables: a row quotes a rule and lists the requests that prove it, each with what must come back.

Request lines, header values, ``answer`` JSON and expected headers may hold variables: ``$name`` and ``$other`` (two
repositories that are the row's own), ``$host``, ``$base`` (scheme and host), and of the answers so far ``$location``
(the newest Location, as a request target), ``$state`` (its query), ``$uuid`` and what ``save`` kept.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from protocol.content import Content
from protocol.wire import Response

__all__ = [
    "ANY",
    "Headers",
    "Row",
    "Rule",
    "Step",
    "distribution",
    "entrepot",
    "push",
    "push_blob",
    "rfc9110",
    "spec",
    "start",
]

ANY = re.compile(r".+", re.DOTALL)
"""A header that must be there, whatever it says."""

Headers = Mapping[str, str | re.Pattern[str] | None]
"""Expected headers: a string is the exact value, a pattern must match it whole, None is absent."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A sentence, or the part of it that a row proves, and where it stands."""

    source: str
    section: str
    text: str


def spec(section: str, text: str) -> Rule:
    """A sentence of the OCI Distribution Specification."""
    return Rule("OCI", section, text)


def rfc9110(section: str, text: str) -> Rule:
    """A rule of RFC 9110, which the specification refers to where it is silent itself."""
    return Rule("RFC 9110", section, text)


def distribution(text: str) -> Rule:
    """What Docker's registry does and its clients expect, where the specification is silent."""
    return Rule("Distribution", "", text)


def entrepot(text: str) -> Rule:
    """What entrepot promises beyond the specification."""
    return Rule("entrepot", "", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unset:
    """The mark of an expectation that was not written down."""


@dataclass(frozen=True, slots=True)
class Step:
    """One request and what must come back.

    - ``request``: method and request target, sent as they stand; ``raw`` replaces the whole request by these bytes.
    - ``status``: the status or statuses allowed; None lets the server also close without an answer, but never succeed.
    - ``send``, ``body``: request headers and body; ``chunked`` sends no Content-Length, ``cut`` ends the connection
      after that many bytes of the body, ``declared`` overrides what Content-Length says.
    - ``headers``: expected response headers, see Headers.
    - ``answer``, ``json``, ``code``: the expected body, as bytes, as JSON, or as the code of the first error.
    - ``check``: a further look at the answer; raises AssertionError.
    - ``save``: variables to set from response headers (of a Link header, its target).
    - ``server_may_refuse``: the server in front of the application may answer instead, in a form of its own; so it may
      where ``raw`` is given.
    - ``within``: seconds during which the request is repeated until the expectation holds.
    """

    request: str
    status: int | tuple[int, ...] | None
    send: Mapping[str, str] = field(default_factory=dict)
    body: bytes = field(default=b"", repr=False)
    chunked: bool = False
    cut: int | None = None
    declared: int | None = None
    raw: bytes | None = None
    headers: Headers = field(default_factory=dict)
    answer: bytes | None = field(default=None, repr=False)
    json: object = field(default_factory=_Unset)
    code: str | tuple[str, ...] | None = None
    check: Callable[[Response], None] | None = None
    save: Mapping[str, str] = field(default_factory=dict)
    server_may_refuse: bool = False
    within: float = 0.0

    @property
    def expects_json(self) -> bool:
        """Whether ``json`` was written down."""
        return not isinstance(self.json, _Unset)


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: a readable name, the rules it proves, its steps, and the configuration it needs."""

    name: str
    rules: tuple[Rule, ...]
    steps: tuple[Step, ...]
    flavour: str = "default"

    def __init__(self, name: str, rules: Rule | Iterable[Rule], *steps: Step, flavour: str = "default") -> None:
        object.__setattr__(self, "name", name)
        object.__setattr__(self, "rules", (rules,) if isinstance(rules, Rule) else tuple(rules))
        object.__setattr__(self, "steps", steps)
        object.__setattr__(self, "flavour", flavour)


def start(repository: str = "$name", query: str = "") -> Step:
    """Start an upload; ``$location`` is its URL afterwards."""
    return Step(f"POST /v2/{repository}/blobs/uploads/{query}", 202)


def push_blob(content: Content, repository: str = "$name") -> tuple[Step, ...]:
    """Push a blob with POST, then PUT."""
    return start(repository), Step(f"PUT $location&digest={content}", 201, body=content.data)


def push(content: Content, reference: str | None = None, repository: str = "$name") -> tuple[Step, ...]:
    """Push a manifest with all it needs, by tag or (where there is none) by digest."""
    steps: list[Step] = []
    for needed in content.needs:
        steps += push(needed, None, repository) if needed.is_manifest else push_blob(needed, repository)
    if not content.is_manifest:
        return (*steps, *push_blob(content, repository))
    put = f"PUT /v2/{repository}/manifests/{reference or content}"
    return (*steps, Step(put, 201, send={"Content-Type": content.media_type}, body=content.data))
