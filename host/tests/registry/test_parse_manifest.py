"""Valid and invalid manifests, with the errors that clients get."""

from __future__ import annotations

import gc
import json
import tracemalloc
from dataclasses import replace

import pytest
from host.tests.registry.examples import some_examples
from hypothesis import given
from hypothesis import strategies as st
from support.content import OCI_CONFIG, Fields, descriptor, digest_of, encoded, image, index

from entrepot.errors import ManifestInvalid
from entrepot.registry.manifest import (
    DOCKER_LIST,
    DOCKER_MANIFEST,
    OCI_INDEX,
    OCI_MANIFEST,
    parse_manifest,
    stored_manifest,
)

LAYER = descriptor(b"layer")


def without(fields: Fields, *names: str) -> Fields:
    return {name: value for name, value in fields.items() if name not in names}


# Case, content, declared type, and a part of the error.
REFUSED: list[tuple[str, object, str | None, str]] = [
    ("nothing", b"", None, "not JSON"),
    ("no JSON", b"{", None, "not JSON"),
    ("not UTF-8", b'{"a":"\xff"}', None, "not JSON in UTF-8"),
    ("UTF-16", json.dumps(image()).encode("utf-16"), None, "not JSON in UTF-8"),
    ("too deep", b"[" * 100_000, None, "not JSON"),
    ("a number of too many digits", b'{"size":' + b"9" * 10_000 + b"}", None, "not JSON"),
    ("a list", [], None, "a manifest must be a JSON object"),
    ("a string", "manifest", None, "a manifest must be a JSON object"),
    ("null", None, None, "a manifest must be a JSON object"),
    ("no schemaVersion", without(image(), "schemaVersion"), None, "schemaVersion must be 2"),
    ("schemaVersion 1", image(schemaVersion=1), None, "schemaVersion must be 2"),
    ("schemaVersion as text", image(schemaVersion="2"), None, "schemaVersion must be 2"),
    ("schemaVersion with a fraction", image(schemaVersion=2.0), None, "schemaVersion must be 2"),
    ("NaN", image(annotations={"a": float("nan")}), None, "not JSON"),
    ("NaN where nothing is read", image(more=[float("nan")]), None, "not JSON"),
    ("Infinity", image(layers=[{**LAYER, "size": float("inf")}]), None, "not JSON"),
    ("another declared type", image(), OCI_INDEX, f"mediaType is {OCI_MANIFEST} and Content-Type is {OCI_INDEX}"),
    ("an unknown type", image(mediaType="text/plain"), None, "unsupported media type text/plain"),
    ("an unknown declared type", without(image(), "mediaType"), "text/plain", "unsupported media type text/plain"),
    ("a type that is not a string", image(mediaType=7), None, "mediaType must be a string"),
    ("Docker's type declared only", without(image(), "mediaType"), DOCKER_MANIFEST, "must have the field mediaType"),
    ("Docker's list declared only", without(index(), "mediaType"), DOCKER_LIST, "must have the field mediaType"),
    ("an image that is an index too", image(manifests=[]), None, "must not have the field manifests"),
    ("an index that has layers", index(layers=[LAYER]), None, "must not have the field layers"),
    ("an index that has a config", index(config=LAYER), None, "must not have the field config"),
    ("no config", without(image(), "config"), None, "config must be a descriptor"),
    ("a config that is text", {**image(), "config": "x"}, None, "config must be a descriptor"),
    ("layers that are not a list", {**image(), "layers": LAYER}, None, "layers must be a list of descriptors"),
    ("a layer that is not a descriptor", {**image(), "layers": ["x"]}, None, "layers must be a descriptor"),
    ("a layer without digest", image(layers=[without(LAYER, "digest")]), None, "layers needs a digest"),
    ("a malformed digest", image(layers=[{**LAYER, "digest": "abc"}]), None, "layers: not a digest"),
    ("a short digest", image(layers=[{**LAYER, "digest": "sha256:ab"}]), None, "64 lowercase hexadecimal digits"),
    ("another algorithm", image(layers=[{**LAYER, "digest": "md5:ab"}]), None, "supported are sha256, sha512"),
    ("no size", image(layers=[without(LAYER, "size")]), None, "layers needs a size"),
    ("a negative size", image(layers=[{**LAYER, "size": -1}]), None, "layers needs a size"),
    ("a size that is true", image(layers=[{**LAYER, "size": True}]), None, "layers needs a size"),
    ("a size that 64 bits cannot hold", image(layers=[{**LAYER, "size": 2**63}]), None, "layers needs a size"),
    ("a size with a fraction", image(layers=[{**LAYER, "size": 1.5}]), None, "layers needs a size"),
    ("a layer's type that is a number", image(layers=[{**LAYER, "mediaType": 1}]), None, "mediaType must be a string"),
    ("urls that are one text", image(layers=[{**LAYER, "urls": "http://x"}]), None, "urls must be a list of strings"),
    ("urls that hold numbers", image(layers=[{**LAYER, "urls": [1]}]), None, "urls must be a list of strings"),
    ("manifests that are an object", {**index(), "manifests": LAYER}, None, "manifests must be a list of descriptors"),
    ("a manifest that is null", {**index(), "manifests": [None]}, None, "manifests must be a descriptor"),
    ("a layer's annotations", image(layers=[{**LAYER, "annotations": {"a": 1}}]), None, "layers: annotations must map"),
    ("data that is not a string", image(layers=[{**LAYER, "data": 5}]), None, "data must be a string"),
    ("data that is not base64", image(layers=[{**LAYER, "data": "e30"}]), None, "data must be base64"),
    ("a variant that is not a string", index({**LAYER, "platform": {"variant": 8}}), None, "variant must be a string"),
    ("features in one string", index({**LAYER, "platform": {"os.features": "x"}}), None, "os.features must be a list"),
    ("a platform that is text", index({**LAYER, "platform": "linux"}), None, "platform must be an object"),
    ("a subject that is text", image(subject="sha256:ab"), None, "subject must be a descriptor"),
    ("a subject without digest", image(subject={"size": 1}), None, "subject needs a digest"),
    ("an artifactType that is a list", image(artifactType=[]), None, "artifactType must be a string"),
    ("annotations that are false", image(annotations=False), None, "annotations must map strings to strings"),
    ("annotations in a list", image(annotations=["a"]), None, "annotations must map strings to strings"),
    ("annotations with numbers", image(annotations={"a": 1}), None, "annotations must map strings to strings"),
]


@pytest.mark.parametrize(
    ("content", "declared", "reason"),
    [pytest.param(content, declared, reason, id=what) for what, content, declared, reason in REFUSED],
)
def test_an_invalid_manifest_is_rejected_with_the_reason(content: object, declared: str | None, reason: str) -> None:
    with pytest.raises(ManifestInvalid) as refused:
        parse_manifest(content if isinstance(content, bytes) else encoded(content), declared)
    assert reason in str(refused.value.detail)


# Case, fields, declared type, and the resulting type.
INFERRED: list[tuple[str, Fields, str | None, str]] = [
    ("an image that names its type", image(), None, OCI_MANIFEST),
    ("an image that names it twice", image(), OCI_MANIFEST, OCI_MANIFEST),
    ("an image that names none", without(image(), "mediaType"), None, OCI_MANIFEST),
    ("an image of a declared type", without(image(), "mediaType"), OCI_MANIFEST, OCI_MANIFEST),
    ("an index that names none", without(index(), "mediaType"), None, OCI_INDEX),
    ("an index of a declared type", without(index(LAYER), "mediaType"), OCI_INDEX, OCI_INDEX),
    ("Docker's manifest", image(mediaType=DOCKER_MANIFEST), DOCKER_MANIFEST, DOCKER_MANIFEST),
    ("Docker's manifest, undeclared", image(mediaType=DOCKER_MANIFEST), None, DOCKER_MANIFEST),
    ("Docker's list", index(mediaType=DOCKER_LIST), DOCKER_LIST, DOCKER_LIST),
    ("an image without layers", without(image(), "layers"), None, OCI_MANIFEST),
]


@pytest.mark.parametrize(
    ("fields", "declared", "expected"),
    [pytest.param(fields, declared, expected, id=what) for what, fields, declared, expected in INFERRED],
)
def test_the_type_is_that_of_the_manifest_or_the_declared_or_the_inferred_one(
    fields: Fields, declared: str | None, expected: str
) -> None:
    assert parse_manifest(encoded(fields), declared).media_type == expected


@pytest.mark.parametrize(
    ("fields", "same"),
    [
        ({**index(), "manifests": None}, index()),
        (without(index(), "manifests"), index()),
        (image(manifests=None, subject=None, artifactType=None, annotations=None), image()),
        (image(annotations={"k": None, "a": "b"}), image(annotations={"a": "b"})),
        ({**image(), "layers": None}, image()),
        (index(layers=None, config=None), index()),
        (
            image(layers=[{**LAYER, "urls": None, "platform": None, "annotations": {"k": None}, "data": None}]),
            image(layers=[LAYER]),
        ),
        (image(layers=[{**LAYER, "urls": [None]}]), image(layers=[LAYER])),
        (index({**LAYER, "platform": {"os": None, "os.features": None, "variant": None}}), index(LAYER)),
    ],
)
def test_a_member_that_is_null_is_absent(fields: Fields, same: Fields) -> None:
    assert replace(parse_manifest(encoded(fields)), content=b"") == replace(parse_manifest(encoded(same)), content=b"")


def test_a_lone_surrogate_is_read_as_the_replacement_character() -> None:
    content = encoded(
        image(artifactType="a/\udfff", annotations={"\ud800": "\ud800x", "pair": "\U0001f600", "slash": "\\ud800"})
    )
    assert b"\\ud83d\\ude00" in content
    parsed = parse_manifest(content)
    assert parsed.artifact_type == "a/\ufffd"
    assert parsed.annotations == {"\ufffd": "\ufffdx", "pair": "\U0001f600", "slash": "\\ud800"}
    assert parsed.content == content, "the content is unchanged"


@pytest.mark.parametrize("named", ["\ud800", "text/plain\r\nX-Other: y", "\u20ac", "", " "])
def test_a_stored_type_that_is_not_valid_in_a_header_is_replaced(named: str) -> None:
    assert stored_manifest(encoded({"mediaType": named})).media_type.isascii()
    assert stored_manifest(encoded({"mediaType": named})).media_type.startswith("application/")


def test_all_references_of_a_manifest_are_parsed() -> None:
    child = descriptor(b"child", OCI_MANIFEST, platform={"architecture": "arm64", "os": "linux", "variant": "v8"})
    parsed = parse_manifest(encoded(index(child, subject=LAYER, artifactType="a/b", annotations={"k": "v"})))
    assert [str(one.digest) for one in parsed.children] == [digest_of(b"child")]
    assert (parsed.children[0].architecture, parsed.children[0].os) == ("arm64", "linux")
    assert (str(parsed.subject), parsed.artifact_type, parsed.annotations) == (LAYER["digest"], "a/b", {"k": "v"})
    parsed = parse_manifest(encoded(image(b"config", [LAYER])))
    assert [(one.media_type, one.size) for one in parsed.blobs] == [(OCI_CONFIG, 6), (LAYER["mediaType"], 5)]


def test_the_default_artifact_type_is_that_of_the_config() -> None:
    assert parse_manifest(encoded(image())).artifact_type == OCI_CONFIG
    assert parse_manifest(encoded(image(artifactType="a/b"))).artifact_type == "a/b"
    assert parse_manifest(encoded(index())).artifact_type is None


values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8) | st.just(LAYER),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=6,
)
names = st.sampled_from(["mediaType", "config", "layers", "manifests", "subject", "annotations", "artifactType"])


@some_examples
@given(st.dictionaries(names, values, max_size=4), st.booleans())
def test_any_json_is_valid_or_rejected_but_can_always_be_served_if_stored(more: Fields, is_image: bool) -> None:
    content = encoded({**(image() if is_image else index()), **more})
    try:
        parsed = parse_manifest(content)
    except ManifestInvalid:
        parsed = None
    stored = stored_manifest(content)
    assert stored.content == content
    assert parsed is None or stored == parsed


def test_data_in_lines_is_base64() -> None:
    assert parse_manifest(encoded(image(layers=[{**LAYER, "data": "e30\r\n=\n"}]))).blobs


def test_stored_json_that_is_nested_too_deeply_can_be_served() -> None:
    assert stored_manifest(b"[" * 100_000).content == b"[" * 100_000


@some_examples
@given(st.binary(max_size=100))
def test_any_stored_bytes_can_be_served(content: bytes) -> None:
    assert stored_manifest(content).content == content


WIDE = "\N{GRINNING FACE}" + "x" * 3000
HEAVY: dict[str, Fields] = {
    "descriptors": image(layers=[descriptor(b"%d" % number) for number in range(3000)]),
    "annotations": image(annotations={f"{number:x}": f"{number:x}" for number in range(20_000)}),
    "wide annotations": image(annotations={f"{number}": WIDE for number in range(100)}),
    "URLs": image(layers=[descriptor(b"", urls=[f"{number:x}" for number in range(40_000)])]),
    "media types": image(layers=[descriptor(b"", f"{WIDE}{number}") for number in range(100)]),
    "platforms": index(
        *(descriptor(b"%d" % one, OCI_MANIFEST, platform={"os": f"{one}", "architecture": WIDE}) for one in range(100))
    ),
}


@pytest.mark.parametrize("heavy", HEAVY)
def test_the_weight_of_a_manifest_is_at_least_its_size_in_memory(heavy: str) -> None:
    content = json.dumps(HEAVY[heavy], ensure_ascii=False).encode()
    parse_manifest(content)  # creates what is only created once
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        manifest = parse_manifest(bytes(bytearray(content)))
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert 0.3 * manifest.weight < after - before < 1.1 * manifest.weight
