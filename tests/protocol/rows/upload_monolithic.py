"""Pushing a blob in one piece: POST then PUT, and a single POST."""

from __future__ import annotations

import re

from protocol.content import blob
from protocol.table import ANY, Row, Step, distribution, entrepot, push_blob, spec, start

__all__ = ["ROWS"]

BLOB = blob(b"pushed in one piece\n" * 100)
OTHER = blob(b"something else\n")
NOTHING = blob(b"")
UUID = re.compile(r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}")
OCTETS = {"Content-Type": "application/octet-stream"}
PUSHED = {"Location": f"$base/v2/$name/blobs/{BLOB}", "Docker-Content-Digest": str(BLOB)}
PUSHED_SHA512 = {"Location": f"$base/v2/$name/blobs/{BLOB.sha512}", "Docker-Content-Digest": BLOB.sha512}

PUT, POST, CHUNKS = "POST then PUT", "Single POST", "Pushing a blob in chunks"
ACCEPTED = spec(PUT, "Upon success, the response MUST have a code of `202 Accepted`, and MUST include")
SESSION = spec(PUT, "The `<blob-push-location>` MUST contain a UUID representing a unique session ID")
QUERY = spec(PUT, "The `<blob-push-location>` MAY contain critical query parameters.")
CREATED = spec(PUT, "the response MUST have code `201 Created` and MUST have the following header:")
SINGLE = (
    spec(POST, "Registries MAY support pushing blobs using a single POST request."),
    spec(POST, "Successful completion of the request MUST return a `201 Created` and MUST include"),
)
SAME_DIGEST = spec(POST, "Likewise, the `<digest>` MUST match the blob's digest.")
SAME_LENGTH = spec(POST, "The `Content-Length` header MUST match the blob's actual content length.")
BAD_DIGEST = spec(
    "Pushing blobs",
    "if the client provided digest is invalid or uses an unsupported algorithm, the registry SHOULD respond with a"
    " response code `400 Bad Request`.",
)
ALGORITHM = spec(CHUNKS, "When pushing a blob with a digest algorithm other than `sha256`")
PUSH = spec(
    "Requirements",
    "Registries SHOULD also support the **Push**, **Content Discovery**, and **Content Management** categories.",
)


def readable(digest: object = BLOB) -> Step:
    return Step(f"GET /v2/$name/blobs/{digest}", 200, answer=BLOB.data)


def absent(digest: object = BLOB) -> Step:
    return Step(f"GET /v2/$name/blobs/{digest}", 404)


def bad_digest(name: str, digest: str) -> Row:
    """Return a row with a digest that PUT and the single POST reject."""
    return Row(
        name,
        BAD_DIGEST,
        start(),
        Step(f"PUT $location&digest={digest}", 400, send=OCTETS, body=BLOB.data, code="DIGEST_INVALID"),
        Step(f"POST /v2/$name/blobs/uploads/?digest={digest}", 400, send=OCTETS, body=BLOB.data, code="DIGEST_INVALID"),
        absent(),
    )


ROWS = [
    Row(
        "start",
        (ACCEPTED, SESSION, PUSH),
        Step(
            "POST /v2/$name/blobs/uploads/",
            202,
            headers={
                "Location": re.compile(rf"http://127\.0\.0\.1:\d+/v2/t[0-9a-f]+/blobs/uploads/{UUID.pattern}\?.*"),
                "Docker-Upload-UUID": UUID,
                "Range": "0-0",
                "Content-Length": "0",
            },
        ),
    ),
    Row(
        "sessions-are-independent",
        SESSION,
        Step("POST /v2/$name/blobs/uploads/", 202, save={"first": "Location"}),
        Step("POST /v2/$name/blobs/uploads/", 202),
        Step(f"PUT $location&digest={BLOB}", 201, body=BLOB.data),
        Step(f"PUT $first&digest={OTHER}", 201, body=OTHER.data),
        readable(),
    ),
    Row(
        "post-then-put",
        (CREATED, QUERY),
        start(),
        Step(f"PUT $location&digest={BLOB}", 201, send=OCTETS, body=BLOB.data, headers=PUSHED),
        Step("GET $location", 200, answer=BLOB.data),
    ),
    Row(
        "the-digest-is-percent-encoded",
        CREATED,
        start(),
        Step(f"PUT $location&digest={str(BLOB).replace(':', '%3A')}", 201, body=BLOB.data, headers=PUSHED),
        readable(),
    ),
    Row(
        "an-unknown-parameter",
        (CREATED, QUERY),
        start(),
        Step(f"PUT $location&foo=bar&digest={BLOB}", 201, body=BLOB.data, headers=PUSHED),
        readable(),
    ),
    Row(
        "put-without-a-length",
        (CREATED, distribution("A body may use the chunked transfer coding.")),
        start(),
        Step(f"PUT $location&digest={BLOB}", 201, body=BLOB.data, chunked=True, headers=PUSHED),
        readable(),
    ),
    Row(
        "put-with-expect-continue",
        CREATED,
        start(),
        Step(f"PUT $location&digest={BLOB}", 201, send={"Expect": "100-continue"}, body=BLOB.data, headers=PUSHED),
        readable(),
    ),
    Row(
        "an-empty-blob",
        CREATED,
        start(),
        Step(f"PUT $location&digest={NOTHING}", 201),
        Step(f"GET /v2/$name/blobs/{NOTHING}", 200, headers={"Content-Length": "0"}, answer=b""),
        Step(f"HEAD /v2/$name/blobs/{NOTHING}", 200, headers={"Content-Length": "0"}),
    ),
    Row(
        "an-existing-blob",
        CREATED,
        *push_blob(BLOB),
        start(),
        Step(f"PUT $location&digest={BLOB}", 201, body=BLOB.data, headers=PUSHED),
        readable(),
    ),
    Row(
        "the-session-ends-with-the-put",
        distribution("A committed upload is unknown."),
        Step("POST /v2/$name/blobs/uploads/", 202, save={"upload": "Location"}),
        Step(f"PUT $upload&digest={BLOB}", 201, body=BLOB.data),
        Step("GET $upload", 404, code="BLOB_UPLOAD_UNKNOWN"),
        Step(f"PUT $upload&digest={BLOB}", 404, body=BLOB.data, code="BLOB_UPLOAD_UNKNOWN"),
        readable(),
    ),
    Row(
        "sha512-announced",
        (ALGORITHM, CREATED),
        Step("POST /v2/$name/blobs/uploads/?digest-algorithm=sha512", 202, headers={"Location": ANY}),
        Step(f"PUT $location&digest={BLOB.sha512}", 201, body=BLOB.data, headers=PUSHED_SHA512),
        readable(BLOB.sha512),
    ),
    Row(
        "sha512-not-announced",
        (ALGORITHM, CREATED),
        start(),
        Step(f"PUT $location&digest={BLOB.sha512}", 201, body=BLOB.data, headers=PUSHED_SHA512),
        readable(BLOB.sha512),
    ),
    Row(
        "sha512-of-other-bytes",
        BAD_DIGEST,
        start(query="?digest-algorithm=sha512"),
        Step(f"PUT $location&digest={BLOB.sha512}", 400, body=OTHER.data, code="DIGEST_INVALID"),
        absent(BLOB.sha512),
    ),
    Row(
        "sha256-announced",
        ALGORITHM,
        start(query="?digest-algorithm=sha256"),
        Step(f"PUT $location&digest={BLOB}", 201, body=BLOB.data),
        readable(),
    ),
    Row(
        "an-unknown-algorithm-announced",
        BAD_DIGEST,
        Step("POST /v2/$name/blobs/uploads/?digest-algorithm=md5", 400, code="DIGEST_INVALID"),
    ),
    Row(
        "put-of-other-bytes",
        BAD_DIGEST,
        start(),
        Step(f"PUT $location&digest={BLOB}", 400, body=OTHER.data, code="DIGEST_INVALID"),
        absent(BLOB),
        absent(OTHER),
    ),
    Row(
        "put-without-a-digest",
        (
            BAD_DIGEST,
            spec(
                CHUNKS, "The closing `PUT` request MUST include the `<digest>` of the whole blob (not the final chunk)"
            ),
        ),
        start(),
        Step("PUT $location", 400, body=BLOB.data, code="DIGEST_INVALID"),
        absent(),
    ),
    bad_digest("a-digest-of-an-unknown-algorithm", "md5:d41d8cd98f00b204e9800998ecf8427e"),
    bad_digest("a-digest-that-is-too-short", str(BLOB)[:-1]),
    bad_digest("a-digest-that-is-too-long", f"{BLOB}0"),
    bad_digest("a-digest-in-capitals", "sha256:" + str(BLOB)[7:].upper()),
    bad_digest("a-digest-without-an-algorithm", str(BLOB)[7:]),
    bad_digest("a-digest-with-a-path", "sha256:../../../../etc/passwd"),
    Row(
        "an-empty-digest",
        BAD_DIGEST,
        start(),
        Step("PUT $location&digest=", 400, send=OCTETS, body=BLOB.data, code="DIGEST_INVALID"),
    ),
    bad_digest("two-digests-in-one", f"{BLOB},{OTHER}"),
    Row(
        "single-post",
        SINGLE,
        Step(f"POST /v2/$name/blobs/uploads/?digest={BLOB}", 201, send=OCTETS, body=BLOB.data, headers=PUSHED),
        Step("GET $location", 200, answer=BLOB.data),
    ),
    Row(
        "single-post-of-sha512",
        SINGLE,
        Step(f"POST /v2/$name/blobs/uploads/?digest={BLOB.sha512}", 201, body=BLOB.data, headers=PUSHED_SHA512),
        readable(BLOB.sha512),
    ),
    Row(
        "single-post-without-a-length",
        SINGLE,
        Step(f"POST /v2/$name/blobs/uploads/?digest={BLOB}", 201, body=BLOB.data, chunked=True, headers=PUSHED),
        readable(),
    ),
    Row(
        "single-post-of-an-empty-blob",
        SINGLE,
        Step(f"POST /v2/$name/blobs/uploads/?digest={NOTHING}", 201),
        Step(f"GET /v2/$name/blobs/{NOTHING}", 200, answer=b""),
    ),
    Row(
        "single-post-of-other-bytes",
        (SAME_DIGEST, BAD_DIGEST),
        Step(f"POST /v2/$name/blobs/uploads/?digest={BLOB}", 400, body=OTHER.data, code="DIGEST_INVALID"),
        absent(BLOB),
        absent(OTHER),
    ),
    Row(
        "incomplete-single-post",
        SAME_LENGTH,
        Step(f"POST /v2/$name/blobs/uploads/?digest={BLOB}", None, body=BLOB.data, cut=1000),
        absent(),
    ),
    Row(
        "incomplete-put",
        (SAME_LENGTH, entrepot("A body shorter than its Content-Length is rejected.")),
        start(),
        Step(f"PUT $location&digest={OTHER}", None, body=OTHER.data + b"more", cut=OTHER.size),
        absent(OTHER),
    ),
]
