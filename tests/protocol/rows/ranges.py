"""Parts of a blob (RFC 9110 section 14)."""

from __future__ import annotations

from email.parser import BytesParser
from email.policy import HTTP

from support.wire import Answer

from protocol.content import blob
from protocol.table import Row, Rule, Step, push_blob, rfc9110, spec

__all__ = ["ROWS"]

BLOB = blob(bytes(range(256)) * 4)
NOTHING = blob(b"")
GET = f"GET /v2/$name/blobs/{BLOB}"

RANGE = spec(
    "Pulling blobs",
    "A registry SHOULD support the `Range` request header in accordance with RFC 9110 (section 14).",
)
MAY_IGNORE = rfc9110("14.2", "A server MAY ignore the Range header.")
IGNORED = rfc9110("14.2", "A server that supports range requests MAY ignore or reject a Range header that is invalid.")
UNSATISFIABLE = rfc9110(
    "15.5.17", "A 416 to a byte-range request SHOULD carry a Content-Range with the current length."
)
SUFFIX = rfc9110("14.1.2", "If the representation is shorter than the suffix-length, the entire one is used.")
OPEN_END = rfc9110("14.1.2", "A last-pos that is absent or past the end means the remainder of the representation.")
MULTIPART = rfc9110("15.3.7.2", "A response to a request for multiple ranges is sent as multipart/byteranges.")
LIST = rfc9110(
    "15.3.7.2",
    "A server MUST NOT generate a multipart response to a request for a single range.",
)
THOUSAND = [(one, one) for one in range(1000)]
UNIT = rfc9110("14.1", "Range units are case-insensitive; a server ignores one it does not understand.")
IF_RANGE = rfc9110("13.1.5", "A false If-Range ignores the Range; the comparison is strong.")


def part(name: str, rule: Rule, value: str, first: int, last: int) -> Row:
    """Return a row whose response has the bytes from ``first`` to ``last``, inclusive."""
    headers = {
        "Content-Range": f"bytes {first}-{last}/{BLOB.size}",
        "Content-Length": str(last - first + 1),
        "Content-Type": "application/octet-stream",
        "Docker-Content-Digest": str(BLOB),
        "ETag": f'"{BLOB}"',
    }
    step = Step(GET, 206, send={"Range": value}, headers=headers, answer=BLOB.data[first : last + 1])
    return Row(name, (RANGE, rule), *push_blob(BLOB), step)


def several(name: str, value: str, *parts: tuple[int, int]) -> Row:
    """Return a row whose response has the bytes of each part, from first to last, inclusive."""

    def check(response: Answer) -> None:
        kind = response.headers.get("Content-Type") or ""
        assert kind.startswith("multipart/byteranges; boundary=")
        assert response.headers.get("Content-Range") is None
        message = BytesParser(policy=HTTP).parsebytes(f"Content-Type: {kind}\r\n\r\n".encode() + response.body)
        found = [(one["Content-Type"], one["Content-Range"], one.get_payload(decode=True)) for one in message.walk()][
            1:
        ]
        assert found == [
            ("application/octet-stream", f"bytes {first}-{last}/{BLOB.size}", BLOB.data[first : last + 1])
            for first, last in parts
        ]

    return Row(name, (RANGE, MULTIPART), *push_blob(BLOB), Step(GET, 206, send={"Range": value}, check=check))


def complete(name: str, rule: Rule, value: str, **more: str) -> Row:
    """Return a row whose response is the complete blob."""
    step = Step(
        GET,
        200,
        send={"Range": value, **{key.replace("_", "-"): text for key, text in more.items()}},
        headers={"Content-Range": None, "Content-Length": str(BLOB.size)},
        answer=BLOB.data,
    )
    return Row(name, rule, *push_blob(BLOB), step)


def refused(name: str, value: str) -> Row:
    """Return a row with a range that contains no byte of the blob."""
    headers = {"Content-Range": f"bytes */{BLOB.size}"}
    return Row(name, UNSATISFIABLE, *push_blob(BLOB), Step(GET, 416, send={"Range": value}, headers=headers))


ROWS = [
    part("first-byte", RANGE, "bytes=0-0", 0, 0),
    part("middle", RANGE, "bytes=100-299", 100, 299),
    part("all", RANGE, "bytes=0-1023", 0, 1023),
    part("last-byte", RANGE, "bytes=1023-1023", 1023, 1023),
    part("open-end", OPEN_END, "bytes=1000-", 1000, 1023),
    part("past-the-end", OPEN_END, "bytes=1000-4095", 1000, 1023),
    part("far-past-the-end", OPEN_END, "bytes=0-999999999999999999", 0, 1023),
    part("suffix", SUFFIX, "bytes=-24", 1000, 1023),
    part("suffix-longer-than-the-blob", SUFFIX, "bytes=-5000", 0, 1023),
    part("unit-in-capitals", UNIT, "BYTES=0-9", 0, 9),
    several("several-ranges", "bytes=20-29, 0-9 ,-10", (20, 29), (0, 9), (1014, 1023)),
    several("several-ranges-one-unsatisfiable", "bytes=0-9,5000-5009,20-29", (0, 9), (20, 29)),
    several("a-thousand-ranges", "bytes=" + ",".join(f"{one}-{one}" for one in range(1000)), *THOUSAND),
    part("one-range-in-a-list", LIST, "bytes=,, 0-9 ,", 0, 9),
    part("one-satisfiable-range", LIST, "bytes=2000-,0-9,-0", 0, 9),
    complete("more-than-a-thousand-ranges", MAY_IGNORE, "bytes=" + ",".join(f"{one}-{one}" for one in range(1001))),
    complete("ranges-larger-than-the-blob", MAY_IGNORE, "bytes=0-,0-0"),
    complete("several-ranges-one-invalid", IGNORED, "bytes=0-9,x"),
    complete("reversed", IGNORED, "bytes=9-5"),
    complete("not-a-number", IGNORED, "bytes=a-b"),
    complete("no-position", IGNORED, "bytes=-"),
    complete("negative", IGNORED, "bytes=--5"),
    complete("no-unit", IGNORED, "0-9"),
    complete("empty", IGNORED, ""),
    part("huge-numbers", OPEN_END, f"bytes=1000-{'9' * 400}", 1000, 1023),
    part("past-64-bits", OPEN_END, "bytes=0-99999999999999999999", 0, 1023),
    complete("unknown-unit", UNIT, "lines=0-9"),
    refused("after-the-end", "bytes=1024-"),
    refused("far-after-the-end", "bytes=999999999999999999-"),
    refused("empty-suffix", "bytes=-0"),
    refused("several-unsatisfiable-ranges", "bytes=-0,5000-,1024-1024"),
    Row(
        "of-an-empty-blob",
        UNSATISFIABLE,
        *push_blob(NOTHING),
        Step(f"GET /v2/$name/blobs/{NOTHING}", 416, send={"Range": "bytes=0-"}, headers={"Content-Range": "bytes */0"}),
    ),
    Row(
        "head-has-no-range",
        rfc9110("14.2", "A server MUST ignore a Range header received with a method other than GET."),
        *push_blob(BLOB),
        Step(
            f"HEAD /v2/$name/blobs/{BLOB}",
            200,
            send={"Range": "bytes=0-9"},
            headers={"Content-Length": str(BLOB.size), "Content-Range": None},
        ),
    ),
    Row(
        "of-an-absent-blob",
        spec("Pulling blobs", "If the blob is not found in the repository, the response code MUST be `404 Not Found`."),
        *push_blob(NOTHING),
        Step(GET, 404, send={"Range": "bytes=0-9"}, code="BLOB_UNKNOWN"),
    ),
    Row(
        "if-range-of-this-etag",
        IF_RANGE,
        *push_blob(BLOB),
        Step(GET, 206, send={"Range": "bytes=0-9", "If-Range": f'"{BLOB}"'}, answer=BLOB.data[:10]),
    ),
    complete("several-ranges-if-range-of-another-etag", IF_RANGE, "bytes=0-9,20-29", If_Range=f'"{NOTHING}"'),
    complete("if-range-of-another-etag", IF_RANGE, "bytes=0-9", If_Range=f'"{NOTHING}"'),
    complete("if-range-of-a-weak-etag", IF_RANGE, "bytes=0-9", If_Range=f'W/"{BLOB}"'),
    complete("if-range-of-a-date", IF_RANGE, "bytes=0-9", If_Range="Thu, 01 Jan 1970 00:00:00 GMT"),
    Row(
        "resume-a-pull",
        RANGE,
        *push_blob(BLOB),
        Step(GET, 206, send={"Range": "bytes=0-511"}, answer=BLOB.data[:512]),
        Step(GET, 206, send={"Range": "bytes=512-"}, answer=BLOB.data[512:]),
    ),
]
