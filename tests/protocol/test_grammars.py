"""Generated names, tags and ranges, compared with the grammar of the specification."""

from __future__ import annotations

import re
from collections.abc import Callable
from urllib.parse import quote

from hypothesis import example, given, settings
from hypothesis import strategies as st
from support.content import OCI_INDEX

from protocol.content import EMPTY_INDEX, blob
from protocol.run import run_row
from protocol.table import Row, Step, entrepot, push_blob, spec

NAME = re.compile(r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*")
TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")
BLOB = blob(bytes(range(200)))
EXAMPLES = settings(deadline=None)
GRAMMAR = spec("Pulling manifests", "Throughout this document, `<name>` MUST match the following regular expression:")
RANGES = entrepot("A single range of RFC 9110 section 14.1.2 is answered with its bytes.")

# Near misses are more useful than random text, so most characters are those of the grammar.
nearly_names = st.text(st.sampled_from("ab0._-/A%~ \n\u00fc"), min_size=1, max_size=30)
nearly_tags = st.text(st.sampled_from("aZ0._-+ :\n\u00fc"), min_size=1, max_size=140)
components = st.lists(st.text("ab0._-", min_size=1, max_size=6), min_size=1, max_size=4).map("/".join)
positions = st.none() | st.integers(0, 260)


@EXAMPLES
@given(name=components | nearly_names)
@example(name="a\n")
@example(name="a//b")
@example(name="../a")
def test_repository_names_follow_the_grammar(server_port: Callable[[str, str], int], name: str) -> None:
    status = 202 if NAME.fullmatch(name) else (301, 400, 404)
    step = Step(f"POST /v2/{quote(name)}/blobs/uploads/", status)
    run_row(server_port("granian", "default"), Row("name", GRAMMAR, step))


@EXAMPLES
@given(tag=st.from_regex(TAG, fullmatch=True) | nearly_tags)
@example(tag="a" * 129)
@example(tag="latest\n")
@example(tag="..")
def test_tags_follow_the_grammar(server_port: Callable[[str, str], int], tag: str) -> None:
    step = Step(
        f"PUT /v2/$name/manifests/{quote(tag, safe='')}",
        201 if TAG.fullmatch(tag) else 400,
        send={"Content-Type": OCI_INDEX},
        body=EMPTY_INDEX.data,
    )
    run_row(server_port("granian", "default"), Row("tag", GRAMMAR, step))


@EXAMPLES
@given(first=positions, last=positions)
@example(first=0, last=None)
@example(first=None, last=0)
@example(first=200, last=None)
@example(first=None, last=None)
def test_a_range_returns_the_requested_bytes(
    server_port: Callable[[str, str], int], first: int | None, last: int | None
) -> None:
    header = f"bytes={'' if first is None else first}-{'' if last is None else last}"
    if first is None:
        begin, end = max(0, BLOB.size - (last or 0)), BLOB.size
    else:
        begin, end = first, BLOB.size if last is None else min(BLOB.size, last + 1)
    get = f"GET /v2/$name/blobs/{BLOB}"
    if (first is None and last is None) or (first is not None and last is not None and first > last):
        step = Step(get, 200, send={"Range": header}, answer=BLOB.data)
    elif begin >= end:
        step = Step(get, 416, send={"Range": header}, headers={"Content-Range": f"bytes */{BLOB.size}"})
    else:
        content_range = f"bytes {begin}-{end - 1}/{BLOB.size}"
        step = Step(
            get, 206, send={"Range": header}, headers={"Content-Range": content_range}, answer=BLOB.data[begin:end]
        )
    run_row(server_port("granian", "default"), Row("range", RANGES, *push_blob(BLOB), step))
