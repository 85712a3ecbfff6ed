"""Classification of requests by kind, as in the price lists of object stores."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

__all__ = ["RULES", "Head", "Rule", "kind_of", "parse_head"]

_LINE: Final = re.compile(rb"([A-Z]+) (\S+) HTTP/1\.[01]\r\n")


@dataclass(frozen=True, slots=True)
class Head:
    """The head of a request; header names are in lower case, and the last of several equal ones counts."""

    method: str
    path: str
    query: str
    headers: dict[str, str]


@dataclass(frozen=True, slots=True)
class Rule:
    """Assigns ``kind`` to requests with a method, and optionally a path, query (regular expressions) and header."""

    kind: str
    method: str
    path: str = ""
    query: str = ""
    header: str = ""

    def matches(self, head: Head) -> bool:
        """Return whether the rule applies to a request."""
        return (
            head.method == self.method
            and re.search(self.path, head.path) is not None
            and re.search(self.query, head.query) is not None
            and (not self.header or self.header in head.headers)
        )


RULES: Final[Sequence[Rule]] = (
    # S3: ListObjectsV2, ListMultipartUploads, ListParts; CopyObject and UploadPartCopy.
    Rule("GET list", "GET", query=r"(^|&)list-type=2(&|$)"),
    Rule("GET list", "GET", query=r"(^|&)uploads(=|&|$)"),
    Rule("GET list", "GET", query=r"(^|&)uploadId="),
    Rule("PUT copy", "PUT", header="x-amz-copy-source"),
    # Azure: List Blobs; Copy Blob From URL and Put Block From URL.
    Rule("GET list", "GET", query=r"(^|&)comp=list(&|$)"),
    Rule("PUT copy", "PUT", header="x-ms-copy-source"),
    # Cloud Storage's JSON API: the objects of a bucket.
    Rule("GET list", "GET", path=r"/storage/v1/b/[^/]+/o/?$"),
)
"""The first matching rule determines the kind of a request; without one, the kind is the method."""


def kind_of(head: Head) -> str:
    """Return the kind of a request, such as ``PUT`` or ``GET list``."""
    return next((rule.kind for rule in RULES if rule.matches(head)), head.method)


def parse_head(data: bytes) -> Head | None:
    """Parse the head of a request, or return None if the data does not begin with one."""
    line = _LINE.match(data)
    if line is None:
        return None
    fields = data[line.end() :].partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    pairs = (field.partition(":") for field in fields)
    headers = {name.strip().lower(): value.strip() for name, colon, value in pairs if colon}
    target = urlsplit(line[2].decode("latin-1"))
    return Head(line[1].decode(), target.path, target.query, headers)
