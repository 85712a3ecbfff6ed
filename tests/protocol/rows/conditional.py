"""Conditional requests (RFC 9110 section 13): content addressed by a digest need not be transferred again."""

from __future__ import annotations

from protocol.content import blob, image, index
from protocol.table import Row, Rule, Step, push, push_blob, rfc9110, spec

__all__ = ["ROWS"]

BLOB = blob(b"a blob that a cache may hold\n")
IMAGE = image("conditional", BLOB)
NEWER = index(IMAGE)
ETAG, IMAGE_ETAG, OTHER = f'"{BLOB}"', f'"{IMAGE}"', f'"{NEWER}"'

SEMANTICS = spec(
    "API",
    "Where this specification does not define specific behavior, implementations SHOULD follow the HTTP semantics"
    " defined in RFC 9110.",
)
NOT_MODIFIED = rfc9110("13.1.2", "A false If-None-Match on GET or HEAD is answered with 304.")
SAME_HEADERS = rfc9110("15.4.5", "A 304 MUST generate the ETag that would have been sent in a 200 response.")
WEAK = rfc9110("13.1.2", "A recipient MUST use the weak comparison for If-None-Match.")
STAR = rfc9110("13.1.2", "If the field value is *, the condition is false if there is a current representation.")
FIRST = rfc9110("13.2.2", "If-None-Match is evaluated before Range.")


def unchanged(name: str, rule: Rule, value: str, target: str = f"/v2/$name/blobs/{BLOB}", etag: str = ETAG) -> Row:
    """Return a row in which both GET and HEAD return 304."""
    steps = [
        Step(f"{method} {target}", 304, send={"If-None-Match": value}, headers={"ETag": etag})
        for method in ("GET", "HEAD")
    ]
    return Row(name, (SEMANTICS, rule, SAME_HEADERS), *push(IMAGE, "latest"), *steps)


ROWS = [
    Row(
        "etags",
        (SEMANTICS, rfc9110("8.8.3", "An origin server SHOULD send an ETag.")),
        *push(IMAGE, "latest"),
        Step(f"GET /v2/$name/blobs/{BLOB}", 200, headers={"ETag": ETAG}),
        Step(f"HEAD /v2/$name/blobs/{BLOB}", 200, headers={"ETag": ETAG}),
        Step("GET /v2/$name/manifests/latest", 200, headers={"ETag": IMAGE_ETAG}),
        Step("HEAD /v2/$name/manifests/latest", 200, headers={"ETag": IMAGE_ETAG}),
    ),
    unchanged("blob", NOT_MODIFIED, ETAG),
    unchanged("blob-in-a-list", NOT_MODIFIED, f"{OTHER}, {ETAG}"),
    unchanged("blob-weak", WEAK, f"W/{ETAG}"),
    unchanged("blob-any", STAR, "*"),
    unchanged("manifest-by-tag", NOT_MODIFIED, IMAGE_ETAG, "/v2/$name/manifests/latest", IMAGE_ETAG),
    unchanged("manifest-by-digest", NOT_MODIFIED, IMAGE_ETAG, f"/v2/$name/manifests/{IMAGE}", IMAGE_ETAG),
    Row(
        "another-etag",
        NOT_MODIFIED,
        *push(IMAGE, "latest"),
        Step(f"GET /v2/$name/blobs/{BLOB}", 200, send={"If-None-Match": OTHER}, answer=BLOB.data),
        Step("GET /v2/$name/manifests/latest", 200, send={"If-None-Match": OTHER}, answer=IMAGE.data),
    ),
    Row(
        "moved-tag",
        NOT_MODIFIED,
        *push(IMAGE, "latest"),
        *push(NEWER, "latest"),
        Step("GET /v2/$name/manifests/latest", 200, send={"If-None-Match": IMAGE_ETAG}, answer=NEWER.data),
    ),
    Row(
        "absent-content",
        rfc9110("13.2.1", "A server MUST ignore preconditions if its response without them is not 2xx or 412."),
        *push_blob(blob(b"")),
        Step(f"GET /v2/$name/blobs/{BLOB}", 404, send={"If-None-Match": ETAG}, code="BLOB_UNKNOWN"),
        Step(f"HEAD /v2/$name/blobs/{BLOB}", 404, send={"If-None-Match": "*"}),
    ),
    Row(
        "precedence-over-range",
        FIRST,
        *push_blob(BLOB),
        Step(f"GET /v2/$name/blobs/{BLOB}", 304, send={"If-None-Match": ETAG, "Range": "bytes=0-3"}),
        Step(
            f"GET /v2/$name/blobs/{BLOB}",
            206,
            send={"If-None-Match": OTHER, "Range": "bytes=0-3"},
            answer=BLOB.data[:4],
        ),
    ),
]
