"""Listing repositories: Docker's `/v2/_catalog`, which the OCI specification lacks."""

from __future__ import annotations

import itertools
import json

from support.wire import Answer

from protocol.content import EMPTY_INDEX
from protocol.table import ANY, Headers, Row, Step, distribution, push

__all__ = ["ROWS"]

FORMAT = distribution(
    "GET /v2/_catalog answers 200 with the repositories as JSON, sorted by component: a/b before a-b."
)
PAGES = distribution('n and last page the catalog; Link is </v2/_catalog?last=x&n=y>; rel="next".')
ZERO = distribution("n=0 returns an empty list without a Link.")
BAD_N = distribution("An n that is not a number, negative, or above catalog.maxentries is PAGINATION_NUMBER_INVALID.")
DEFAULT = distribution("Without n a response contains at most 100 repositories.")

# The repositories of a row start with the row's name, so they are adjacent in the shared catalog.
NAMES = ["$name/a", "$name/a/b", "$name/b", "$name-x", "${name}0", "${name}z"]
GIVEN = [step for name in reversed(NAMES) for step in push(EMPTY_INDEX, "latest", name)]


def listed(query: str, names: list[str], link: str | None) -> Step:
    """Expect a page with exactly these repositories."""
    headers: Headers = {
        "Link": f'</v2/_catalog?{link}>; rel="next"' if link else None,
        "Content-Type": "application/json",
    }
    return Step(f"GET /v2/_catalog{query}", 200, headers=headers, json={"repositories": names})


def wrong(value: str) -> Step:
    return Step(f"GET /v2/_catalog?n={value}", 400, code="PAGINATION_NUMBER_INVALID")


def at_most(most: int) -> Step:
    def check(response: Answer) -> None:
        names = json.loads(response.body)["repositories"]
        assert len(names) <= most, f"{len(names)} repositories"
        assert names == sorted(names, key=lambda name: name.split("/")), f"not sorted by component: {names}"

    return Step("GET /v2/_catalog", 200, headers={"Content-Type": "application/json"}, check=check)


ROWS = [
    Row("sorted-by-component", (FORMAT, PAGES), *GIVEN, listed("?last=$name&n=5", NAMES[:5], "last=${name}0&n=5")),
    Row("without-n", (FORMAT, DEFAULT), *GIVEN, at_most(100)),
    Row(
        "one-by-one",
        PAGES,
        *GIVEN,
        *(
            Step(f"GET /v2/_catalog?n=1&last={before}", 200, json={"repositories": [name]}, headers={"Link": ANY})
            for before, name in itertools.pairwise(["$name", *NAMES[:5]])
        ),
    ),
    Row(
        "following-the-links",
        PAGES,
        *GIVEN,
        Step("GET /v2/_catalog?n=2&last=$name", 200, json={"repositories": NAMES[:2]}, save={"next": "Link"}),
        Step("GET $next", 200, json={"repositories": NAMES[2:4]}, save={"next": "Link"}),
        Step("GET $next", 200, json={"repositories": NAMES[4:6]}),
    ),
    Row(
        "last-is-not-a-name",
        PAGES,
        *GIVEN,
        listed("?n=5&last=$name/", NAMES[:5], "last=${name}0&n=5"),
        listed("?n=1&last=$name//x", NAMES[:1], "last=${name}%2Fa&n=1"),
        Step("GET /v2/_catalog?last=zzzzzzzz/..", 200, json={"repositories": []}),
        Step("GET /v2/_catalog?n=", 200),
    ),
    Row("last-page", PAGES, listed("?last=zzzzzzzz", [], None), listed("?last=zzzzzzzz&n=10", [], None)),
    Row("n-is-zero", ZERO, *GIVEN, listed("?n=0", [], None)),
    Row("invalid-n", BAD_N, wrong("-1"), wrong("x"), wrong("1.5"), wrong("1001"), wrong("9" * 18)),
    Row("maximum", BAD_N, wrong("4"), Step("GET /v2/_catalog?n=3", 200), flavour="small"),
    Row(
        "default-within-the-maximum",
        DEFAULT,
        *GIVEN,
        Step("GET /v2/_catalog?last=$name", 200, json={"repositories": NAMES[:3]}),
        flavour="small",
    ),
    Row("head", FORMAT, Step("HEAD /v2/_catalog", 200, headers={"Content-Type": "application/json"})),
    Row(
        "repositories-with-only-uploads-or-blobs-are-not-listed",
        FORMAT,
        Step("POST /v2/$name/a/blobs/uploads/", 202),
        *push(EMPTY_INDEX, "latest", "$name/b"),
        Step("GET /v2/_catalog?last=$name&n=1", 200, json={"repositories": ["$name/b"]}),
    ),
]
