"""The format of the tables: a row quotes a rule and lists requests with their expected responses.

Request lines, header values, ``answer`` JSON and expected headers may contain variables: ``$name`` and ``$other`` (two
repositories that only this row uses), ``$host``, ``$base`` (scheme and host), and from previous responses ``$location``
(the latest Location, as a request target), ``$state`` (its query), ``$uuid`` and the variables of ``save``.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field

from support.wire import Answer

from protocol.content import Content

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
"""A header that must be present with any value."""

Headers = Mapping[str, str | re.Pattern[str] | None]
"""Expected headers: a string is the exact value, a pattern must match the full value, None means absent."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A sentence, or the part of it that a row tests, and its source."""

    source: str
    section: str
    text: str


def spec(section: str, text: str) -> Rule:
    """Return a sentence of the OCI Distribution Specification."""
    return Rule("OCI", section, text)


def rfc9110(section: str, text: str) -> Rule:
    """Return a rule of RFC 9110, to which the specification refers for anything that it does not define."""
    return Rule("RFC 9110", section, text)


def distribution(text: str) -> Rule:
    """Return a behaviour of Docker's registry that clients expect and the specification does not define."""
    return Rule("Distribution", "", text)


def entrepot(text: str) -> Rule:
    """Return a promise of entrepot beyond the specification."""
    return Rule("entrepot", "", text)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Unset:
    """The type of the default value of an expectation that is not set."""


@dataclass(frozen=True, slots=True)
class Step:
    """A request and its expected response.

    - ``request``: method and request target, sent unchanged; ``raw`` replaces the whole request by these bytes.
    - ``status``: the allowed status or statuses; None also allows the server to close without a response, but not a
      success.
    - ``send``, ``body``: request headers and body; ``chunked`` omits Content-Length, ``cut`` closes the connection
      after that many bytes of the body, ``declared`` overrides the value of Content-Length.
    - ``headers``: expected response headers, see Headers.
    - ``answer``, ``json``, ``code``: the expected body, as bytes, as JSON, or as the code of the first error.
    - ``check``: a further check of the response; raises AssertionError.
    - ``save``: variables to set from response headers (for a Link header, its target).
    - ``server_may_refuse``: the server in front of the application may respond itself, in its own format; this is also
      allowed with ``raw``.
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
    check: Callable[[Answer], None] | None = None
    save: Mapping[str, str] = field(default_factory=dict)
    server_may_refuse: bool = False
    within: float = 0.0

    @property
    def expects_json(self) -> bool:
        """Whether ``json`` is set."""
        return not isinstance(self.json, _Unset)


@dataclass(frozen=True, slots=True)
class Row:
    """A row of a table: a name, the rules that it tests, its steps, and the configuration that it needs."""

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
    """Return the step that starts an upload and sets ``$location`` to its URL."""
    return Step(f"POST /v2/{repository}/blobs/uploads/{query}", 202)


def push_blob(content: Content, repository: str = "$name") -> tuple[Step, ...]:
    """Return the steps that push a blob with POST, then PUT."""
    return start(repository), Step(f"PUT $location&digest={content}", 201, body=content.data)


def push(content: Content, reference: str | None = None, repository: str = "$name") -> tuple[Step, ...]:
    """Return the steps that push a manifest with everything it references, by tag or (without a tag) by digest."""
    steps: list[Step] = []
    for needed in content.needs:
        steps += push(needed, None, repository) if needed.is_manifest else push_blob(needed, repository)
    if not content.is_manifest:
        return (*steps, *push_blob(content, repository))
    put = f"PUT /v2/{repository}/manifests/{reference or content}"
    return (*steps, Step(put, 201, send={"Content-Type": content.media_type}, body=content.data))
