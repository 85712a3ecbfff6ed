"""Listing tags."""

from __future__ import annotations

from support.content import OCI_INDEX

from protocol.content import EMPTY_INDEX
from protocol.table import Headers, Row, Step, distribution, push, push_blob, spec

__all__ = ["ROWS"]

LIST = "Listing Tags"
OK = spec(LIST, "Assuming a repository is found, this request MUST return a `200 OK` response code.")
NO_TAGS = spec(LIST, "The list of tags MAY be empty if there are no tags on the repository.")
ORDER = spec(
    LIST, "If the list is not empty, the tags MUST be in lexical (i.e. case-insensitive alphanumeric order) or"
)
FORMAT = spec(LIST, "Upon success, the response MUST be a json body in the following format:")
FEWER = spec(
    LIST, "The response to such a request MAY return fewer than `<int>` results, but only when the total number"
)
EXACTLY = spec(LIST, "Otherwise, the response MUST include `<int>` results.")
LINK = (
    spec(LIST, "A `Link` header MAY be included in the response when additional tags are available."),
    spec(LIST, 'If included, the `Link` header MUST be set according to RFC 5988 with the Relation Type `rel="next"`.'),
)
ZERO = spec(LIST, "When `n` is zero, this endpoint MUST return an empty list, and MUST NOT include a `Link` header.")
ORDER_N = spec(LIST, 'As above, the tags MUST be in lexical or "ASCIIbetical" order.')
A_TAG = spec(LIST, "`<tagname>` MUST NOT be a numerical index, but rather it MUST be a proper tag.")
NO_N = spec(LIST, "When using the `last` query parameter, the `n` parameter is OPTIONAL.")
BAD_N = distribution("An n that is not a number, or is negative, is PAGINATION_NUMBER_INVALID.")
CLAMPED = distribution("tags.maxtags is the maximum number of tags per page.")

NAMES = ["b", "A", "a.1", "1", "B-2", "_x", "a", "a_1", "Z", "10", "2"]
SORTED = ["1", "10", "2", "A", "B-2", "Z", "_x", "a", "a.1", "a_1", "b"]
PUT = f"PUT /v2/$name/manifests/{EMPTY_INDEX}?" + "&".join(f"tag={name}" for name in NAMES)
GIVEN = Step(PUT, 201, send={"Content-Type": OCI_INDEX}, body=EMPTY_INDEX.data)


def listed(query: str, tags: list[str], link: str | None = None) -> Step:
    """Return a list, and the query of the next one."""
    headers: Headers = {
        "Link": f'</v2/$name/tags/list?{link}>; rel="next"' if link else None,
        "Content-Type": "application/json",
    }
    return Step(f"GET /v2/$name/tags/list{query}", 200, headers=headers, json={"name": "$name", "tags": tags})


def wrong(value: str) -> Step:
    return Step(f"GET /v2/$name/tags/list?n={value}", 400, code="PAGINATION_NUMBER_INVALID")


ROWS = [
    Row("sorted-bytewise", (OK, ORDER, FORMAT), GIVEN, listed("", SORTED)),
    Row("none", (OK, NO_TAGS, FORMAT), *push(EMPTY_INDEX), listed("", []), listed("?n=5", [])),
    Row("unknown-repository", OK, Step("GET /v2/$name/tags/list", 404, code="NAME_UNKNOWN")),
    Row("head", OK, GIVEN, Step("HEAD /v2/$name/tags/list", 200, headers={"Content-Type": "application/json"})),
    Row(
        "of-a-nested-repository",
        OK,
        *push(EMPTY_INDEX, "below", "$name/below"),
        *push(EMPTY_INDEX, "latest"),
        listed("", ["latest"]),
        Step("GET /v2/$name/below/tags/list", 200, json={"name": "$name/below", "tags": ["below"]}),
    ),
    Row("n", (EXACTLY, ORDER_N, *LINK), GIVEN, listed("?n=3", SORTED[:3], "last=2&n=3")),
    Row("n-of-all", (EXACTLY, FEWER), GIVEN, listed("?n=11", SORTED)),
    Row("n-above-all", FEWER, GIVEN, listed("?n=12", SORTED), listed("?n=1000", SORTED)),
    Row("n-is-zero", ZERO, GIVEN, listed("?n=0", []), listed("?n=0&last=a", [])),
    Row(
        "last",
        (spec(LIST, "The tags MUST be in lexical or"), NO_N),
        GIVEN,
        listed("?last=Z", ["_x", "a", "a.1", "a_1", "b"]),
        listed("?last=b", []),
    ),
    Row(
        "last-and-n",
        (EXACTLY, FEWER),
        GIVEN,
        listed("?n=2&last=2", ["A", "B-2"], "last=B-2&n=2"),
        listed("?last=a.1&n=2", ["a_1", "b"]),
        listed("?last=a_1&n=2", ["b"]),
    ),
    Row(
        "last-is-not-a-tag",
        A_TAG,
        GIVEN,
        listed("?last=Z/", ["_x", "a", "a.1", "a_1", "b"]),
        listed("?last=*", SORTED),
        listed("?last=~", []),
        listed("?n=&last=", SORTED),
    ),
    Row("last-is-an-absent-tag", A_TAG, GIVEN, listed("?last=AA", SORTED[4:]), listed("?last=zzz", [])),
    Row(
        "last-is-not-an-index",
        A_TAG,
        GIVEN,
        listed("?last=1&n=2", ["10", "2"], "last=2&n=2"),
        listed("?last=3", SORTED[3:]),
    ),
    Row(
        "following-the-links",
        LINK,
        GIVEN,
        Step("GET /v2/$name/tags/list?n=4", 200, json={"name": "$name", "tags": SORTED[:4]}, save={"next": "Link"}),
        Step("GET $next", 200, json={"name": "$name", "tags": SORTED[4:8]}, save={"next": "Link"}),
        Step("GET $next", 200, json={"name": "$name", "tags": SORTED[8:]}, headers={"Link": None}),
    ),
    Row("invalid-n", BAD_N, GIVEN, wrong("-1"), wrong("x"), wrong("1.5"), wrong("%00"), wrong("1%3B2")),
    Row("n-of-many-digits", CLAMPED, GIVEN, listed("?n=" + "9" * 18, SORTED)),
    Row("maximum", CLAMPED, GIVEN, listed("?n=10", SORTED[:3], "last=2&n=3"), flavour="small"),
    Row(
        "a-new-tag-is-immediately-visible",
        OK,
        *push(EMPTY_INDEX, "one"),
        listed("", ["one"]),
        *push(EMPTY_INDEX, "two"),
        listed("", ["one", "two"]),
    ),
    Row(
        "a-repository-with-only-blobs-has-an-empty-list",
        OK,
        *push_blob(EMPTY_INDEX),
        Step("GET /v2/$name/tags/list", 200, json={"name": "$name", "tags": []}),
    ),
]
