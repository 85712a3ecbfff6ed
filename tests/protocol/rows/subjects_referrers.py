"""Manifests with a subject, and the list of referrers of a manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Callable

from support.content import OCI_CONFIG, OCI_INDEX, OCI_MANIFEST
from support.wire import Answer

from protocol.content import EMPTY, Content, blob, image, index, manifest
from protocol.table import ANY, Row, Step, entrepot, push, push_blob, spec

__all__ = ["BEFORE", "ROWS", "SINCE"]

SBOM, SIGNATURE = "application/vnd.example.sbom.v1", "application/vnd.example.signature.v1"
SUBJECT = image("the subject", blob(b"a layer\n"))
TO = SUBJECT.descriptor()
NOTES = {"org.example.note": "one", "org.example.empty": "", "org.example.ünï": "tschüß \u2713"}
TYPED = image("typed", config=EMPTY, artifactType=SBOM, subject=TO, annotations=NOTES)
BY_CONFIG = image("by its config", subject=TO)
EMPTY_TYPE = image("empty type", subject=TO, artifactType="")
BY_ARTIFACT_CONFIG = image("artifact", config=blob(b'{"a": 1}', SIGNATURE), subject=TO)
INDEX_TYPED = index(subject=TO, artifactType=SBOM, annotations={"a": "b"})
INDEX_UNTYPED = index(subject=TO)
NO_SUBJECT = image("refers to nothing")
OF_REFERRER = image("of the referrer", config=EMPTY, artifactType=SIGNATURE, subject=TYPED.descriptor())
OF_SHA512 = image("of a sha512", subject={**TO, "digest": SUBJECT.sha512})
MANY = [index(subject=TO, annotations={"number": str(number)}) for number in range(120)]

# Two of these fit in the 4 MiB that clients accept for a manifest, three do not.
LARGE = sorted((index(subject=TO, artifactType=SBOM, annotations={"a": c * 1_700_000}) for c in "abc"), key=str)

LIST, PUSHING, ENABLING = "Listing Referrers", "Pushing Manifests with Subject", "Enabling the Referrers API"
TAG_SCHEMA = "Referrers Tag Schema"
OK = spec(LIST, "Assuming a repository is found, this request MUST return a `200 OK` response code.")
NEVER_404 = spec(LIST, "the registry MUST NOT return a `404 Not Found` to a referrers API requests.")
INVALID = spec(
    LIST, "If the request is invalid, such as a `<digest>` with an invalid syntax, a `400 Bad Request` MUST be"
)
AN_INDEX = (
    spec(LIST, "Upon success, the response MUST be a JSON body with an image index containing a list of descriptors."),
    spec(LIST, "The `Content-Type` header MUST be set to `application/vnd.oci.image.index.v1+json`."),
)
TYPE = spec(LIST, "The descriptors MUST include an `artifactType` field that is set to the value of the `artifactType`")
CONFIG_TYPE = spec(
    LIST, "If the `artifactType` is empty or missing in the image manifest, the value of `artifactType` MUST"
)
NO_TYPE = spec(LIST, "If the `artifactType` is empty or missing in an index, the `artifactType` MUST be omitted.")
ANNOTATIONS = spec(LIST, "The descriptors MUST include annotations from the image manifest or index.")
NONE = spec(LIST, "If a query results in no matching referrers, an empty manifest list MUST be returned.")
FILTER = (
    spec(LIST, "The registry SHOULD support filtering on `artifactType`."),
    spec(LIST, "If filtering is requested and applied, the response MUST include a header `OCI-Filters-Applied:"),
)
PAGES = (
    spec(
        LIST, "A `Link` header MUST be included in the response when the descriptor list cannot be returned in a single"
    ),
    spec(LIST, 'The `Link` header MUST be set according to RFC 5988 with the Relation Type `rel="next"`.'),
)
OCI_SUBJECT = spec(PUSHING, "MUST respond with the response header `OCI-Subject: <subject digest>`")
MISSING = spec(
    "Push", "A registry MUST initially accept an otherwise valid manifest with a `subject` field that references"
)
NEW = spec(ENABLING, "After the referrers API is enabled, Registries MUST include all newly pushed image manifests")
ALL_OLD = spec(
    ENABLING, "Registries MAY include all preexisting image manifests with a `subject` field in the referrers"
)
TAGGED = (
    spec(
        ENABLING,
        "Registries MUST include preexisting image manifests that are listed in an image index tagged with the",
    ),
    spec(TAG_SCHEMA, "The Referrers Tag associated with a Content Digest MUST match the Truncated Algorithm, a `-`"),
    spec(TAG_SCHEMA, "The Truncated Algorithm associated with a Content Digest MUST match the digest's `algorithm`"),
    spec(
        TAG_SCHEMA, "The Truncated Encoded section associated with a Content Digest MUST match the digest's `encoded`"
    ),
)


def entry(content: Content, artifact_type: str | None, **annotations: str) -> dict[str, object]:
    """Return the expected descriptor of a referrer in the list."""
    more: dict[str, object] = {"artifactType": artifact_type} if artifact_type else {}
    if annotations:
        more["annotations"] = annotations
    return content.descriptor(**more)


def listed(*entries: dict[str, object], of: str = str(SUBJECT), query: str = "", repository: str = "$name") -> Step:
    """Expect a list of these referrers, in any order."""

    def check(response: Answer) -> None:
        document = json.loads(response.body)
        head = (document["schemaVersion"], document["mediaType"])
        assert head == (2, OCI_INDEX), f"not an image index: {head}"
        found = sorted(json.dumps(item, sort_keys=True) for item in document["manifests"])
        wanted = sorted(json.dumps(item, sort_keys=True) for item in entries)
        assert found == wanted, f"expected {wanted}, got {found}"

    applied = {"OCI-Filters-Applied": "artifactType" if "artifactType=" in query else None}
    headers = {"Content-Type": OCI_INDEX, "Link": None, **applied}
    return Step(f"GET /v2/{repository}/referrers/{of}{query}", 200, headers=headers, check=check)


def linked(content: Content, subject: str = str(SUBJECT), reference: str = "") -> tuple[Step, ...]:
    """Push a manifest with a subject. OCI-Subject must confirm that it was processed."""
    *given, last = push(content, reference or None)
    step = Step(last.request, 201, send=last.send, body=last.body, headers={"OCI-Subject": subject})
    return (*given, step)


def paged(name: str, query: str) -> Row:
    """Return a row with a list that needs two pages."""

    def holds(*digests: str) -> Callable[[Answer], None]:
        def check(response: Answer) -> None:
            found = [item["digest"] for item in json.loads(response.body)["manifests"]]
            assert found == list(digests), f"expected {digests}, got {found}"
            assert len(response.body) <= 4 * 2**20, f"an index of {len(response.body)} bytes"

        return check

    link = re.compile(r'<(http://[^/]+)?/v2/[^>]+>; rel="next"')
    applied = {"Content-Type": OCI_INDEX, "OCI-Filters-Applied": "artifactType" if query else None}
    first, second, third = (str(one) for one in LARGE)
    return Row(
        name,
        PAGES,
        *(step for one in LARGE for step in push(one)),
        Step(
            f"GET /v2/$name/referrers/{SUBJECT}{query}",
            200,
            headers={**applied, "Link": link},
            check=holds(first, second),
            save={"next": "Link"},
        ),
        Step("GET $next", 200, headers={**applied, "Link": None}, check=holds(third)),
    )


TYPED_ENTRY = entry(TYPED, SBOM, **NOTES)
CONFIG_ENTRY = entry(BY_CONFIG, OCI_CONFIG)
SIGNATURE_ENTRY = entry(BY_ARTIFACT_CONFIG, SIGNATURE, text="artifact")
INDEX_ENTRY = entry(INDEX_TYPED, SBOM, a="b")
FALLBACK = f"sha256-{str(SUBJECT).removeprefix('sha256:')}"
FALLBACK_SHA512 = f"sha512-{SUBJECT.sha512.removeprefix('sha512:')[:64]}"


def fallback(*referrers: Content) -> Content:
    """Return the index that a client maintains under the referrers tag."""
    body: dict[str, object] = {"manifests": [referrer.descriptor(artifactType=SBOM) for referrer in referrers]}
    return manifest(OCI_INDEX, body, *referrers)


ROWS = [
    Row(
        "artifact-type-and-annotations",
        (OK, *AN_INDEX, TYPE, ANNOTATIONS, OCI_SUBJECT, NEW),
        *push(SUBJECT),
        *linked(TYPED),
        listed(TYPED_ENTRY),
    ),
    Row("artifact-type-of-the-config", CONFIG_TYPE, *push(SUBJECT), *linked(BY_CONFIG), listed(CONFIG_ENTRY)),
    Row(
        "artifact-type-empty",
        CONFIG_TYPE,
        *push(SUBJECT),
        *linked(EMPTY_TYPE),
        listed(entry(EMPTY_TYPE, OCI_CONFIG)),
    ),
    Row("artifact-config", CONFIG_TYPE, *push(SUBJECT), *linked(BY_ARTIFACT_CONFIG), listed(SIGNATURE_ENTRY)),
    Row("index-with-artifact-type", (TYPE, ANNOTATIONS), *push(SUBJECT), *linked(INDEX_TYPED), listed(INDEX_ENTRY)),
    Row(
        "index-without-artifact-type",
        NO_TYPE,
        *push(SUBJECT),
        *linked(INDEX_UNTYPED),
        listed(entry(INDEX_UNTYPED, None)),
    ),
    Row(
        "several",
        (OK, NEW),
        *push(SUBJECT),
        *linked(TYPED),
        *linked(BY_CONFIG),
        *linked(INDEX_TYPED),
        *push(NO_SUBJECT),
        listed(TYPED_ENTRY, CONFIG_ENTRY, INDEX_ENTRY),
    ),
    Row(
        "by-tag",
        (OCI_SUBJECT, NEW),
        *push(SUBJECT),
        *linked(TYPED, reference="sbom"),
        listed(TYPED_ENTRY),
        Step("GET /v2/$name/manifests/sbom", 200, headers={"Docker-Content-Digest": str(TYPED)}, answer=TYPED.data),
    ),
    Row("pushed-twice", NEW, *push(SUBJECT), *linked(TYPED), *linked(TYPED, reference="again"), listed(TYPED_ENTRY)),
    Row(
        "no-subject-no-header",
        OCI_SUBJECT,
        *push(NO_SUBJECT.needs[0]),
        Step(
            "PUT /v2/$name/manifests/latest",
            201,
            send={"Content-Type": OCI_MANIFEST},
            body=NO_SUBJECT.data,
            headers={"OCI-Subject": None},
        ),
    ),
    Row("absent-subject", (MISSING, OCI_SUBJECT), *linked(TYPED), listed(TYPED_ENTRY)),
    Row(
        "subject-pushed-later",
        MISSING,
        *linked(TYPED),
        *push(SUBJECT, "latest"),
        *linked(BY_CONFIG),
        listed(TYPED_ENTRY, CONFIG_ENTRY),
    ),
    Row(
        "a-referrer-of-a-referrer",
        NEW,
        *push(SUBJECT),
        *linked(TYPED),
        *linked(OF_REFERRER, str(TYPED)),
        listed(TYPED_ENTRY),
        listed(entry(OF_REFERRER, SIGNATURE, text="of the referrer"), of=str(TYPED)),
    ),
    Row(
        "of-a-sha512-digest",
        (OK, OCI_SUBJECT),
        *linked(OF_SHA512, SUBJECT.sha512),
        listed(entry(OF_SHA512, OCI_CONFIG), of=SUBJECT.sha512),
        listed(),
    ),
    Row(
        "filter",
        FILTER,
        *linked(TYPED),
        *linked(BY_CONFIG),
        *linked(INDEX_TYPED),
        listed(TYPED_ENTRY, INDEX_ENTRY, query=f"?artifactType={SBOM}"),
        listed(CONFIG_ENTRY, query=f"?artifactType={OCI_CONFIG.replace('/', '%2F').replace('+', '%2B')}"),
        listed(TYPED_ENTRY, CONFIG_ENTRY, INDEX_ENTRY),
    ),
    Row(
        "filter-without-match",
        (*FILTER, NONE),
        *linked(TYPED),
        listed(query="?artifactType=application/vnd.example.nothing"),
    ),
    paged("several-pages", ""),
    paged("several-pages-filtered", f"?artifactType={SBOM}"),
    Row("none", (NONE, NEVER_404), *push(SUBJECT), listed()),
    Row("unknown-digest", (NONE, NEVER_404), *push(NO_SUBJECT), listed(of=f"sha256:{'0' * 64}")),
    Row("unknown-repository", (NEVER_404, NONE), listed()),
    Row("another-repository", NONE, *push(TYPED, None, "$other"), *push(SUBJECT), listed()),
    Row(
        "invalid-digest",
        INVALID,
        *push(SUBJECT, "latest"),
        Step("GET /v2/$name/referrers/latest", 400, code="DIGEST_INVALID"),
        Step("GET /v2/$name/referrers/sha256:abc", 400, code="DIGEST_INVALID"),
        Step("GET /v2/$name/referrers/sha256:", 400, code="DIGEST_INVALID"),
        Step(f"GET /v2/$name/referrers/{str(SUBJECT).upper()}", 400, code="DIGEST_INVALID"),
    ),
    Row(
        "head",
        OK,
        *linked(TYPED),
        Step(f"HEAD /v2/$name/referrers/{SUBJECT}", 200, headers={"Content-Type": OCI_INDEX, "Content-Length": ANY}),
    ),
    Row(
        "deleted-referrer",
        entrepot("A deleted referrer is not listed, and one that is pushed again is."),
        *push(SUBJECT),
        *linked(TYPED),
        *linked(BY_CONFIG),
        Step(f"DELETE /v2/$name/manifests/{TYPED}", 202),
        listed(CONFIG_ENTRY),
        *linked(TYPED),
        listed(TYPED_ENTRY, CONFIG_ENTRY),
    ),
    Row(
        "deleted-subject",
        MISSING,
        *push(SUBJECT),
        *linked(TYPED),
        Step(f"DELETE /v2/$name/manifests/{SUBJECT}", 202),
        listed(TYPED_ENTRY),
    ),
    Row(
        "many",
        OK,
        *(step for one in MANY for step in linked(one)),
        listed(*(entry(one, None, number=str(number)) for number, one in enumerate(MANY))),
    ),
    Row(
        "a-tag-of-the-tag-schema",
        (*TAGGED, ALL_OLD),
        *push(SUBJECT),
        *linked(BY_CONFIG),
        *push(fallback(TYPED), FALLBACK),
        listed(TYPED_ENTRY, CONFIG_ENTRY),
    ),
    Row(
        "the-tag-schema-of-sha512",
        TAGGED,
        *push(fallback(OF_SHA512), FALLBACK_SHA512),
        listed(entry(OF_SHA512, OCI_CONFIG), of=SUBJECT.sha512),
    ),
    Row(
        "the-tag-schema-lists-only-referrers",
        TAGGED,
        *push(SUBJECT),
        *push(fallback(TYPED, NO_SUBJECT, OF_REFERRER), FALLBACK),
        listed(TYPED_ENTRY),
    ),
    Row(
        "an-image-under-the-tag-of-the-tag-schema",
        entrepot("The content of a referrers tag is ignored if it is not an image index."),
        *push(SUBJECT, FALLBACK),
        *linked(TYPED),
        listed(TYPED_ENTRY),
    ),
    Row(
        "invalid-subject",
        entrepot("A subject that is not a descriptor is rejected with MANIFEST_INVALID."),
        *push_blob(EMPTY),
        *(
            Step(
                "PUT /v2/$name/manifests/latest",
                400,
                send={"Content-Type": OCI_MANIFEST},
                body=manifest(OCI_MANIFEST, {"config": EMPTY.descriptor(), "layers": [], "subject": subject}).data,
                headers={"OCI-Subject": None, "Content-Type": re.compile("application/json")},
                code=("MANIFEST_INVALID", "DIGEST_INVALID"),
            )
            for subject in ("latest", {**TO, "digest": "sha256:../../x"}, {**TO, "digest": "latest"}, 7)
        ),
    ),
]

BEFORE = Row(
    "a-registry-without-the-api",
    TAGGED,
    *push(SUBJECT, "latest", "before/app"),
    *push(fallback(TYPED), FALLBACK, "before/app"),
)
"""What a client pushes to a registry that has no referrers API."""
SINCE = Row("the-api-enabled", TAGGED, listed(TYPED_ENTRY, repository="before/app"))
"""What the same client then finds through the API."""
