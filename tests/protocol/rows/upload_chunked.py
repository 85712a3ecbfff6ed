"""Pushing a blob in chunks, in order, out of order, and streamed without ranges."""

from __future__ import annotations

import re

from protocol.content import blob
from protocol.table import ANY, Headers, Row, Rule, Step, distribution, entrepot, spec, start

__all__ = ["ROWS"]

BLOB = blob(bytes(range(256)) * 12)
A, B, C = BLOB.data[:1024], BLOB.data[1024:2048], BLOB.data[2048:]
UPLOAD: Headers = {"Location": ANY, "Docker-Upload-UUID": "$uuid", "Content-Length": "0"}

CHUNKS = "Pushing a blob in chunks"
ACCEPTED = spec(CHUNKS, "The response for each successful chunk upload MUST be `202 Accepted`, and MUST have")
ORDER = spec(CHUNKS, "Chunks MUST be uploaded in order, with the first byte of a chunk being the last chunk's")
OUT_OF_ORDER = spec(
    CHUNKS,
    "If a chunk is uploaded out of order, the registry MUST respond with a `416 Requested Range Not Satisfiable`",
)
LAST_OUT_OF_ORDER = spec(CHUNKS, "If the final chunk is uploaded out of order, the registry MUST respond with a `416")
CLOSED = spec(CHUNKS, "The response to a successful closing of the session MUST be `201 Created`, and MUST contain")
CLOSE = spec(CHUNKS, "Regardless of how the final chunk is uploaded, the session MUST be closed with a `PUT` request.")
EITHER = spec(CHUNKS, "The final chunk MAY be uploaded using a `PATCH` request or it MAY be uploaded in the closing")
ANY_LENGTH = spec(CHUNKS, "The final chunk MAY have any length.")
FROM_ZERO = spec(CHUNKS, "The first chunk's range MUST begin with `0`.")
INCLUSIVE = spec(CHUNKS, "The `<range>` refers to the byte range of the chunk, and MUST be inclusive on both ends.")
GRAMMAR = spec(CHUNKS, "It MUST match the following regular expression:")
STREAMED = distribution("A chunk without Content-Range is appended to the received bytes, which Docker relies on.")
STATE = distribution("The state in a Location belongs to one upload, and PATCH and PUT require it.")
STALE = distribution("An outdated Location of an earlier chunk is answered with 416.")


def chunk(data: bytes, first: int, last: int | None = None, location: str = "$location") -> Step:
    """Return the step of an accepted chunk. The Range in the response ends at its last byte."""
    end = first + len(data) - 1 if last is None else last
    headers: Headers = {**UPLOAD, "Range": f"0-{end}"}
    send = {"Content-Range": f"{first}-{end}", "Content-Type": "application/octet-stream"}
    return Step(f"PATCH {location}", 202, send=send, body=data, headers=headers)


def refused(
    content_range: str, data: bytes, received: str, status: int | tuple[int, ...] = 416, method: str = "PATCH"
) -> Step:
    """Return the step of a chunk that is rejected with the actual state of the upload."""
    target = "$location" if method == "PATCH" else f"$location&digest={BLOB}"
    headers: Headers = {"Location": ANY, "Range": received} if status == 416 else {}
    code = "RANGE_INVALID" if status == 416 else None
    send = {"Content-Range": content_range}
    return Step(f"{method} {target}", status, send=send, body=data, headers=headers, code=code)


def close(data: bytes = b"", **send: str) -> Step:
    headers = {"Location": f"$base/v2/$name/blobs/{BLOB}", "Docker-Content-Digest": str(BLOB)}
    fields = {name.replace("_", "-"): value for name, value in send.items()}
    return Step(f"PUT $location&digest={BLOB}", 201, send=fields, body=data, headers=headers)


READABLE = Step(f"GET /v2/$name/blobs/{BLOB}", 200, answer=BLOB.data)
ABSENT = Step(f"GET /v2/$name/blobs/{BLOB}", 404)


def malformed(name: str, value: str, status: int | tuple[int, ...] = 416, rule: Rule = GRAMMAR) -> Row:
    """Return a row with a Content-Range that is rejected, after which the upload continues."""
    return Row(
        name, rule, start(), chunk(A, 0), refused(value, B, "0-1023", status), chunk(B, 1024), close(C), READABLE
    )


ROWS = [
    Row(
        "closed-by-an-empty-put",
        (ACCEPTED, ORDER, INCLUSIVE, EITHER, CLOSED),
        start(),
        chunk(A, 0),
        chunk(B, 1024),
        chunk(C, 2048),
        close(),
        Step("GET $location", 200, answer=BLOB.data),
    ),
    Row(
        "closed-by-the-last-chunk",
        (ACCEPTED, EITHER, CLOSED),
        start(),
        chunk(A, 0),
        chunk(B, 1024),
        close(C, Content_Range=f"2048-{BLOB.size - 1}"),
        READABLE,
    ),
    Row("closed-by-a-chunk-without-a-range", EITHER, start(), chunk(A, 0), chunk(B, 1024), close(C), READABLE),
    Row("closed-by-the-whole-blob-as-a-chunk", EITHER, start(), close(BLOB.data, Content_Range="0-3071"), READABLE),
    Row(
        "a-last-chunk-of-one-byte",
        ANY_LENGTH,
        start(),
        chunk(BLOB.data[:-1], 0),
        chunk(BLOB.data[-1:], BLOB.size - 1),
        close(),
        READABLE,
    ),
    Row(
        "a-first-chunk-of-one-byte",
        (ACCEPTED, INCLUSIVE),
        start(),
        chunk(BLOB.data[:1], 0),
        chunk(BLOB.data[1:], 1),
        close(),
        READABLE,
    ),
    Row(
        "no-minimum-chunk-size",
        spec(CHUNKS, "If the registry has a minimum chunk size, the `POST` response SHOULD include"),
        Step("POST /v2/$name/blobs/uploads/", 202, headers={"OCI-Chunk-Min-Length": None}),
        chunk(BLOB.data[:1], 0),
        chunk(BLOB.data[1:2], 1),
        chunk(BLOB.data[2:], 2),
        close(),
        READABLE,
    ),
    Row("not-readable-before-the-put", CLOSE, start(), chunk(BLOB.data, 0), ABSENT, close(), READABLE),
    Row(
        "streamed",
        STREAMED,
        start(),
        Step("PATCH $location", 202, body=BLOB.data, headers={**UPLOAD, "Range": "0-3071"}),
        close(),
        READABLE,
    ),
    Row(
        "streamed-without-a-length",
        STREAMED,
        start(),
        Step("PATCH $location", 202, body=BLOB.data, chunked=True, headers={**UPLOAD, "Range": "0-3071"}),
        close(),
        READABLE,
    ),
    Row(
        "streamed-in-parts",
        STREAMED,
        start(),
        Step("PATCH $location", 202, body=A, chunked=True, headers={"Range": "0-1023"}),
        Step("PATCH $location", 202, body=B, headers={"Range": "0-2047"}),
        close(C),
        READABLE,
    ),
    Row(
        "an-empty-patch",
        STREAMED,
        start(),
        Step("PATCH $location", 202, headers={**UPLOAD, "Range": "0-0"}),
        close(BLOB.data),
    ),
    Row(
        "sha512",
        spec(
            CHUNKS, "When pushing a blob with a digest algorithm other than `sha256`, the post request SHOULD include"
        ),
        start(query="?digest-algorithm=sha512"),
        chunk(A, 0),
        chunk(B + C, 1024),
        Step(f"PUT $location&digest={BLOB.sha512}", 201, headers={"Docker-Content-Digest": BLOB.sha512}),
        Step(f"GET /v2/$name/blobs/{BLOB.sha512}", 200, answer=BLOB.data),
    ),
    Row(
        "sha512-not-announced",
        spec(
            CHUNKS, "When pushing a blob with a digest algorithm other than `sha256`, the post request SHOULD include"
        ),
        start(),
        chunk(A, 0),
        chunk(B + C, 1024),
        Step(f"PUT $location&digest={BLOB.sha512}", 201, headers={"Docker-Content-Digest": BLOB.sha512}),
        Step(f"GET /v2/$name/blobs/{BLOB.sha512}", 200, answer=BLOB.data),
    ),
    Row(
        "first-chunk-not-from-zero",
        (FROM_ZERO, OUT_OF_ORDER),
        start(),
        refused("1024-2047", B, "0-0"),
        chunk(A, 0),
        close(B + C),
        READABLE,
    ),
    Row(
        "a-gap",
        OUT_OF_ORDER,
        start(),
        chunk(A, 0),
        refused("2048-3071", C, "0-1023"),
        chunk(B, 1024),
        close(C),
        READABLE,
    ),
    Row("a-repeated-chunk", OUT_OF_ORDER, start(), chunk(A, 0), refused("0-1023", A, "0-1023"), close(B + C), READABLE),
    Row("an-overlap", OUT_OF_ORDER, start(), chunk(A, 0), refused("1023-2046", B, "0-1023"), close(B + C), READABLE),
    Row(
        "last-chunk-out-of-order",
        LAST_OUT_OF_ORDER,
        start(),
        chunk(A, 0),
        refused("2048-3071", C, "0-1023", method="PUT"),
        ABSENT,
        chunk(B, 1024),
        close(C, Content_Range="2048-3071"),
        READABLE,
    ),
    Row(
        "a-stale-location",
        (STALE, OUT_OF_ORDER),
        Step("POST /v2/$name/blobs/uploads/", 202, save={"stale": "Location"}),
        chunk(A, 0),
        Step("PATCH $stale", 416, body=B, headers={"Location": ANY, "Range": "0-1023"}, code="RANGE_INVALID"),
        chunk(B, 1024),
        close(C),
        READABLE,
    ),
    Row(
        "after-a-416-status-returns-the-offset",
        spec(
            CHUNKS, "The response to an active upload `<blob-push-location>` MUST be a `204 No Content` response code"
        ),
        start(),
        chunk(A, 0),
        refused("5000-6023", B, "0-1023"),
        Step("GET $location", 204, headers={"Location": ANY, "Range": "0-1023"}),
        chunk(B, 1024),
        close(C),
        READABLE,
    ),
    Row(
        "range-of-rfc-9110",
        entrepot("A Content-Range may also have the form of RFC 9110 section 14.4."),
        start(),
        chunk(A, 0),
        Step("PATCH $location", 202, send={"Content-Range": "bytes 1024-2047/3072"}, body=B, headers=UPLOAD),
        close(C),
        READABLE,
    ),
    malformed("range-with-another-unit", "chunks 1024-2047/3072"),
    malformed("range-without-an-end", "1024-"),
    malformed("non-numeric-range", "a-b"),
    malformed("range-with-a-sign", "+1024-2047"),
    malformed("range-empty", ""),
    malformed("range-reversed", "2047-1024", (400, 416), INCLUSIVE),
    malformed("range-with-huge-numbers", "9" * 400 + "-" + "9" * 401, (400, 416)),
    Row(
        "range-with-another-length",
        INCLUSIVE,
        start(),
        chunk(A, 0),
        Step("PATCH $location", 400, send={"Content-Range": "1024-2048"}, body=B, code="SIZE_INVALID"),
        Step("PATCH $location", 400, send={"Content-Range": "1024-2046"}, body=B, code="SIZE_INVALID"),
        chunk(B, 1024),
        close(C),
        READABLE,
    ),
    Row(
        "a-wrong-digest-at-the-end",
        spec("Pushing blobs", "if the client provided digest is invalid or uses an unsupported algorithm"),
        start(),
        chunk(A, 0),
        Step(f"PUT $location&digest={BLOB}", 400, body=B, code="DIGEST_INVALID"),
        ABSENT,
    ),
    Row(
        "the-digest-of-the-last-chunk",
        spec(CHUNKS, "The closing `PUT` request MUST include the `<digest>` of the whole blob (not the final chunk)"),
        start(),
        chunk(A + B, 0),
        Step(f"PUT $location&digest={blob(C)}", 400, body=C, code="DIGEST_INVALID"),
        Step(f"GET /v2/$name/blobs/{blob(C)}", 404),
    ),
    Row(
        "an-incomplete-chunk",
        entrepot("A body shorter than its Content-Length is rejected; the upload continues after the received bytes."),
        start(),
        chunk(A, 0),
        Step("PATCH $location", None, send={"Content-Range": "1024-2047"}, body=B, cut=100),
        Step("GET /v2/$name/blobs/uploads/$uuid", 204, headers={"Range": re.compile("0-1023|0-1123")}, within=5),
    ),
    Row(
        "no-state",
        STATE,
        start(),
        Step("PATCH /v2/$name/blobs/uploads/$uuid", 404, body=A, code="BLOB_UPLOAD_INVALID"),
        Step(f"PUT /v2/$name/blobs/uploads/$uuid?digest={BLOB}", 404, body=BLOB.data, code="BLOB_UPLOAD_INVALID"),
        ABSENT,
    ),
    Row(
        "a-forged-state",
        STATE,
        start(),
        Step("PATCH /v2/$name/blobs/uploads/$uuid?_state=AAAA", 404, body=A, code="BLOB_UPLOAD_INVALID"),
        Step("PATCH /v2/$name/blobs/uploads/$uuid?_state=", 404, body=A, code="BLOB_UPLOAD_INVALID"),
        Step("PATCH /v2/$name/blobs/uploads/$uuid?_state=%FF%00!", 404, body=A, code="BLOB_UPLOAD_INVALID"),
    ),
    Row(
        "the-state-of-another-upload",
        STATE,
        Step(
            "POST /v2/$name/blobs/uploads/",
            202,
            headers={"Location": re.compile(r".*[?&]_state=[^&]+")},
            save={"first": "Docker-Upload-UUID"},
        ),
        start(),
        Step("PATCH /v2/$name/blobs/uploads/$first?$state", 404, body=A, code="BLOB_UPLOAD_INVALID"),
    ),
    Row(
        "an-upload-of-another-repository",
        STATE,
        start(),
        Step("PATCH /v2/$other/blobs/uploads/$uuid?$state", 404, body=A, code="BLOB_UPLOAD_INVALID"),
        Step(
            f"PUT /v2/$other/blobs/uploads/$uuid?$state&digest={BLOB}", 404, body=BLOB.data, code="BLOB_UPLOAD_INVALID"
        ),
        Step("GET /v2/$other/blobs/uploads/$uuid", 404, code=("BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN")),
        Step(f"GET /v2/$other/blobs/{BLOB}", 404),
    ),
    Row(
        "an-unknown-upload",
        STATE,
        Step(
            "PATCH /v2/$name/blobs/uploads/00000000-0000-4000-8000-000000000000?_state=AAAA",
            404,
            body=A,
            code=("BLOB_UPLOAD_INVALID", "BLOB_UPLOAD_UNKNOWN"),
        ),
        Step("GET /v2/$name/blobs/uploads/00000000-0000-4000-8000-000000000000", 404, code="BLOB_UPLOAD_UNKNOWN"),
    ),
]
