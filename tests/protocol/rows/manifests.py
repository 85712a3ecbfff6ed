"""Pushing manifests."""

from __future__ import annotations

import json
import re

from support.content import DOCKER_LIST, DOCKER_MANIFEST, OCI_INDEX, OCI_MANIFEST

from protocol.content import EMPTY, EMPTY_INDEX, OCI_LAYER, Content, blob, image, index, manifest
from protocol.table import Row, Rule, Step, entrepot, push, push_blob, spec

__all__ = ["ROWS"]

LAYER = blob(b"a layer\n")
IMAGE = image("manifests", LAYER)
INDEX = index(IMAGE)
NESTED = index(INDEX, EMPTY_INDEX)
DOCKER = image("manifests", LAYER, media_type=DOCKER_MANIFEST)
LIST = index(DOCKER, media_type=DOCKER_LIST)
BARE = image("no layers at all")
UNTYPED = manifest(OCI_MANIFEST, {"config": EMPTY.descriptor(), "layers": []}, EMPTY, typed=False)
ODD = Content(b" \n" + IMAGE.data.replace(b"schemaVersion", b"schema\\u0056ersion") + b"\n\n ", OCI_MANIFEST)
LIMIT = 4 * 2**20
TAGS = [f"1.{number}" for number in range(12)]

MANIFESTS, PUSH = "Pushing Manifests", "Push"
CREATED = spec(
    MANIFESTS, "Upon a successful upload, the registry MUST return response code `201 Created`, and MUST have"
)
DIGEST = spec(
    MANIFESTS, "The Docker-Content-Digest header returns the digest of the uploaded blob, and MUST be equal to"
)
REFERENCE = spec(MANIFESTS, "and the `<tag-or-digest>` MUST be either a) a digest or b) a tag.")
EXACT = spec(MANIFESTS, "The registry MUST store the manifest in the exact byte representation provided by the client.")
PARAMETERS = spec(MANIFESTS, "The registry SHOULD ignore parameters on the `Content-Type` header.")
SAME_TYPE = spec(MANIFESTS, "If a manifest includes a `mediaType` field, clients MUST set the `Content-Type` header to")
UNTYPED_RULE = spec(MANIFESTS, "All manifests SHOULD include a `mediaType` field declaring the type of the manifest")
NO_BLOBS = spec(MANIFESTS, "However, the list of blobs MAY be empty.")
WITH_TAGS = (
    spec(MANIFESTS, "When pushing a manifest by digest, the registry MAY support the pushing of tags specified by"),
    spec(MANIFESTS, "MUST include an `OCI-Tag` response header, in accordance with RFC 9110 (section 5) semantics"),
)
TEN_TAGS = spec(MANIFESTS, "SHOULD support pushing at least 10 tags per request.")
LARGE = spec(
    MANIFESTS, "Client and registry implementations SHOULD expect to be able to support manifest pushes of at least"
)
TOO_LARGE = (
    spec(MANIFESTS, "A registry SHOULD enforce some limit on the maximum manifest size that it can accept."),
    spec(MANIFESTS, "SHOULD respond to a request to push a manifest over this limit with a response code `413"),
)
UNKNOWN = (
    spec(PUSH, "A registry MAY reject a manifest uploaded to the manifest endpoint with descriptors in other fields"),
    spec(
        PUSH,
        "When a manifest is rejected for this reason, it MUST result in one or more `MANIFEST_BLOB_UNKNOWN` errors.",
    ),
)
DOCKER_TOO = entrepot("Docker's schema 2 manifests and lists are stored like those of OCI.")
NOT_A_MANIFEST = entrepot("A body that does not match its Content-Type is rejected with MANIFEST_INVALID.")


def put(content: Content, reference: str, status: int = 201, code: str | None = None, media_type: str = "") -> Step:
    target = f"PUT /v2/$name/manifests/{reference}"
    return Step(target, status, send={"Content-Type": media_type or content.media_type}, body=content.data, code=code)


def created(content: Content, reference: str, digest: str = "") -> Step:
    headers = {
        "Location": f"$base/v2/$name/manifests/{digest or content}",
        "Docker-Content-Digest": digest or str(content),
    }
    target = f"PUT /v2/$name/manifests/{reference}"
    return Step(target, 201, send={"Content-Type": content.media_type}, body=content.data, headers=headers)


def stored(content: Content, reference: str) -> Step:
    headers = {"Content-Type": content.media_type}
    return Step(f"GET /v2/$name/manifests/{reference}", 200, headers=headers, answer=content.data)


def accepted(name: str, rule: Rule, content: Content) -> Row:
    """Return a row that pushes a manifest, after everything that it references, by tag and by digest."""
    given = [step for needed in content.needs for step in push(needed)]
    both = (created(content, "latest"), stored(content, "latest"), created(content, str(content)))
    return Row(name, (rule, CREATED, DIGEST, EXACT, REFERENCE), *given, *both, stored(content, str(content)))


def refused(name: str, body: bytes, media_type: str = OCI_MANIFEST) -> Row:
    """Return a row with a body that does not match its Content-Type."""
    content = Content(body, media_type)
    given = [step for needed in (*IMAGE.needs, EMPTY) for step in push(needed)]
    return Row(
        name,
        NOT_A_MANIFEST,
        *given,
        put(content, "latest", 400, "MANIFEST_INVALID"),
        Step("GET /v2/$name/manifests/latest", 404),
        Step(f"GET /v2/$name/manifests/{content}", 404),
    )


def unknown(name: str, content: Content, *given: Step) -> Row:
    """Return a row with a manifest that references content missing in the repository."""
    return Row(
        name,
        UNKNOWN,
        *given,
        put(content, "latest", 404, "MANIFEST_BLOB_UNKNOWN"),
        Step("GET /v2/$name/manifests/latest", 404),
        Step(f"GET /v2/$name/manifests/{content}", 404),
    )


def sized(size: int) -> Content:
    """Return an image manifest with an exact size in bytes."""
    body = manifest(OCI_MANIFEST, {"config": EMPTY.descriptor(), "layers": []}).data
    return Content(body + b" " * (size - len(body)), OCI_MANIFEST)


def foreign(media_type: str) -> Content:
    layer: dict[str, object] = {
        **blob(b"kept elsewhere", media_type).descriptor(),
        "urls": ["https://example.org/layer"],
    }
    fields: dict[str, object] = {"config": EMPTY.descriptor(), "layers": [layer]}
    return manifest(DOCKER_MANIFEST if "docker" in media_type else OCI_MANIFEST, fields, EMPTY)


def changed(**fields: object) -> bytes:
    """Return the image manifest with some fields replaced, or removed if they are None."""
    document = {**json.loads(IMAGE.data), **fields}
    return json.dumps({key: value for key, value in document.items() if value is not None}).encode()


ROWS = [
    accepted("oci-image", CREATED, IMAGE),
    accepted("oci-index", CREATED, INDEX),
    accepted("nested-index", CREATED, NESTED),
    accepted("index-of-blobs", entrepot("An index may list blobs, as BuildKit's caches do."), index(LAYER)),
    accepted("empty-index", NO_BLOBS, EMPTY_INDEX),
    accepted("image-without-layers", NO_BLOBS, BARE),
    accepted("docker-image", DOCKER_TOO, DOCKER),
    accepted("docker-list", DOCKER_TOO, LIST),
    accepted("no-media-type-field", UNTYPED_RULE, UNTYPED),
    accepted("foreign-layer", UNKNOWN[0], foreign("application/vnd.oci.image.layer.nondistributable.v1.tar+gzip")),
    accepted("docker-foreign-layer", UNKNOWN[0], foreign("application/vnd.docker.image.rootfs.foreign.diff.tar.gzip")),
    Row("odd-bytes", EXACT, *push(IMAGE), put(ODD, "odd"), stored(ODD, "odd"), stored(ODD, str(ODD))),
    Row(
        "unknown-fields",
        EXACT,
        *push(IMAGE),
        put(Content(changed(futureField={"a": [1, None]}), OCI_MANIFEST), "latest"),
        stored(Content(changed(futureField={"a": [1, None]}), OCI_MANIFEST), "latest"),
    ),
    Row(
        "sha512",
        (DIGEST, CREATED),
        *push(IMAGE),
        created(IMAGE, IMAGE.sha512, IMAGE.sha512),
        Step(
            f"GET /v2/$name/manifests/{IMAGE.sha512}",
            200,
            headers={"Docker-Content-Digest": IMAGE.sha512},
            answer=IMAGE.data,
        ),
    ),
    Row(
        "again",
        CREATED,
        *push(IMAGE, "latest"),
        created(IMAGE, "latest"),
        created(IMAGE, str(IMAGE)),
        stored(IMAGE, "latest"),
    ),
    Row(
        "moved-tag",
        REFERENCE,
        *push(IMAGE, "latest"),
        created(EMPTY_INDEX, "latest"),
        stored(EMPTY_INDEX, "latest"),
        stored(IMAGE, str(IMAGE)),
    ),
    Row(
        "content-type-parameters",
        PARAMETERS,
        *push(IMAGE),
        put(IMAGE, "latest", media_type=f"{OCI_MANIFEST}; charset=utf-8"),
        stored(IMAGE, "latest"),
    ),
    Row(
        "by-digest-with-tags",
        WITH_TAGS,
        *push(IMAGE),
        Step(
            f"PUT /v2/$name/manifests/{IMAGE}?tag=1.2.3&tag=1.2&tag=1&tag=latest",
            201,
            send={"Content-Type": OCI_MANIFEST},
            body=IMAGE.data,
            headers={"OCI-Tag": "1.2.3, 1.2, 1, latest", "Docker-Content-Digest": str(IMAGE)},
        ),
        *(stored(IMAGE, tag) for tag in ("1.2.3", "1.2", "1", "latest")),
        Step("GET /v2/$name/tags/list", 200, json={"name": "$name", "tags": ["1", "1.2", "1.2.3", "latest"]}),
    ),
    Row(
        "by-digest-with-twelve-tags",
        TEN_TAGS,
        *push(IMAGE),
        Step(
            f"PUT /v2/$name/manifests/{IMAGE}?{'&'.join(f'tag={tag}' for tag in TAGS)}",
            201,
            send={"Content-Type": OCI_MANIFEST},
            body=IMAGE.data,
            headers={"OCI-Tag": ", ".join(TAGS)},
        ),
        Step("GET /v2/$name/tags/list", 200, json={"name": "$name", "tags": sorted(TAGS)}),
    ),
    Row(
        "by-digest-without-tags",
        WITH_TAGS,
        *push(IMAGE),
        Step(
            f"PUT /v2/$name/manifests/{IMAGE}",
            201,
            send={"Content-Type": OCI_MANIFEST},
            body=IMAGE.data,
            headers={"OCI-Tag": None},
        ),
        Step("GET /v2/$name/tags/list", 200, json={"name": "$name", "tags": []}),
    ),
    Row(
        "by-digest-with-an-invalid-tag",
        REFERENCE,
        *push(IMAGE, "good"),
        put(EMPTY_INDEX, f"{EMPTY_INDEX}?tag=fine&tag=not%20a%20tag", 400, "TAG_INVALID"),
        Step("GET /v2/$name/tags/list", 200, json={"name": "$name", "tags": ["good"]}),
        Step(f"GET /v2/$name/manifests/{EMPTY_INDEX}", 404),
    ),
    Row(
        "another-digest",
        DIGEST,
        *push(IMAGE),
        put(EMPTY_INDEX, str(LAYER), 400, "DIGEST_INVALID"),
        Step(f"GET /v2/$name/manifests/{LAYER}", 404),
        Step(f"GET /v2/$name/manifests/{EMPTY_INDEX}", 404),
    ),
    Row("4-mib", LARGE, *push(EMPTY), created(sized(LIMIT), "large"), stored(sized(LIMIT), "large")),
    Row(
        "above-4-mib",
        TOO_LARGE,
        *push(EMPTY),
        Step(
            "PUT /v2/$name/manifests/large",
            413,
            send={"Content-Type": OCI_MANIFEST},
            body=sized(LIMIT + 1).data,
            code=("SIZE_INVALID", "MANIFEST_INVALID"),
        ),
        Step(
            "PUT /v2/$name/manifests/large",
            413,
            send={"Content-Type": OCI_MANIFEST},
            body=sized(LIMIT + 1).data,
            chunked=True,
            code=("SIZE_INVALID", "MANIFEST_INVALID"),
        ),
        Step("GET /v2/$name/manifests/large", 404),
    ),
    Row(
        "media-type-differs-from-the-field",
        SAME_TYPE,
        *push(IMAGE),
        put(IMAGE, "latest", 400, "MANIFEST_INVALID", OCI_INDEX),
        put(IMAGE, "latest", 400, "MANIFEST_INVALID", DOCKER_MANIFEST),
        put(LIST, "latest", 400, "MANIFEST_INVALID", OCI_INDEX),
        Step("GET /v2/$name/manifests/latest", 404),
    ),
    refused("nothing", b""),
    refused("not-json", b"blablabla"),
    refused("truncated-json", IMAGE.data[:-20]),
    refused("not-utf-8", b'{"schemaVersion": 2, "x": "\xff"}'),
    refused("a-list", b"[]"),
    refused("a-number", b"2"),
    refused("null", b"null"),
    refused("deeply-nested", b"[" * 100_000),
    refused("no-config", changed(config=None)),
    refused("config-of-another-type", changed(config="sha256")),
    refused("layers-of-another-type", changed(layers={"a": 1})),
    refused("a-layer-without-a-digest", changed(layers=[{"mediaType": OCI_LAYER, "size": 1}])),
    refused("a-layer-with-a-bad-digest", changed(layers=[{**LAYER.descriptor(), "digest": "sha256:../../x"}])),
    refused("a-layer-with-a-negative-size", changed(layers=[{**LAYER.descriptor(), "size": -1}])),
    refused("manifests-of-another-type", b'{"schemaVersion": 2, "manifests": 7}', OCI_INDEX),
    unknown("missing-layer", IMAGE, *push(IMAGE.needs[0])),
    unknown("missing-config", IMAGE, *push(LAYER)),
    unknown("a-layer-of-another-repository", IMAGE, *push(IMAGE.needs[0]), *push_blob(LAYER, "$other")),
    unknown("missing-child-of-an-index", INDEX, *push_blob(LAYER)),
    unknown("missing-child-of-a-list", LIST, *push_blob(LAYER)),
    Row(
        "sparse-index-as-configured",
        entrepot("An index may reference missing children if the configuration allows it."),
        created(INDEX, "latest"),
        stored(INDEX, "latest"),
        Step(f"GET /v2/$name/manifests/{IMAGE}", 404),
        flavour="sparse",
    ),
    Row(
        "sparse-index-does-not-apply-to-layers",
        UNKNOWN[1],
        *push_blob(LAYER),
        put(IMAGE, "latest", 404, "MANIFEST_BLOB_UNKNOWN"),
        flavour="sparse",
    ),
    Row(
        "every-missing-blob-is-reported",
        UNKNOWN[1],
        Step(
            "PUT /v2/$name/manifests/latest",
            404,
            send={"Content-Type": OCI_MANIFEST},
            body=IMAGE.data,
            headers={"Content-Type": re.compile("application/json")},
            code="MANIFEST_BLOB_UNKNOWN",
        ),
    ),
]
