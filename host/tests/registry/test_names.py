"""Names, tags and digests, compared with the grammars of the specifications."""

from __future__ import annotations

import re
import time
from collections.abc import Callable

import pytest
from host.tests.registry.examples import some_examples
from hypothesis import given
from hypothesis import strategies as st

from entrepot.errors import AlgorithmUnsupported, DigestInvalid, NameInvalid, RegistryError, TagInvalid
from entrepot.registry.names import MAX_NAME_LENGTH, check_name, check_tag, new_hasher, parse_digest

# distribution-spec, "Pulling manifests", and image-spec, descriptor.md, "Digests", verbatim.
NAME = r"[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*(\/[a-z0-9]+((\.|_|__|-+)[a-z0-9]+)*)*"
COMPONENTS = r"[a9]{1,3}((\.|_|__|-{1,3})[a9]{1,2}){0,2}(/[a9]{1,2}((\.|_|__|-)[a9]){0,2}){0,2}"
TAG = r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}"
DIGEST = r"[a-z0-9]+([+._-][a-z0-9]+)*:[a-zA-Z0-9=_-]+"

near_names = st.text("abz09._-/A\n ", max_size=40)
near_digests = st.from_regex(r"(md5|sha[0-9]{1,3}|a([+._-]b){1,3}):[a-zA-Z0-9=_-]{1,20}", fullmatch=True)
near_tags = st.text("aZ09._-/:\n é", max_size=140)


def accepts(check: Callable[[str], object], text: str) -> bool:
    try:
        check(text)
    except (NameInvalid, TagInvalid):
        return False
    return True


@some_examples
@given(st.from_regex(COMPONENTS, fullmatch=True) | near_names)
def test_a_name_is_accepted_if_it_matches_the_grammar(text: str) -> None:
    expected = re.fullmatch(NAME, text) is not None and len(text) <= MAX_NAME_LENGTH
    assert accepts(check_name, text) == expected


@some_examples
@given(st.from_regex(TAG, fullmatch=True) | near_tags)
def test_a_tag_is_accepted_if_it_matches_the_grammar(text: str) -> None:
    assert accepts(check_tag, text) == (re.fullmatch(TAG, text) is not None)


@some_examples
@given(near_digests | st.text("sha256:0+.=_-\n", max_size=80))
def test_a_malformed_digest_is_rejected(text: str) -> None:
    if re.fullmatch(DIGEST, text) is None or len(text) > MAX_NAME_LENGTH:
        with pytest.raises(DigestInvalid) as refused:
            parse_digest(text)
        assert not isinstance(refused.value, AlgorithmUnsupported)


@some_examples
@given(near_digests)
def test_a_digest_of_an_unsupported_algorithm_has_its_own_error(text: str) -> None:
    if text.partition(":")[0] not in ("sha256", "sha512"):
        with pytest.raises(AlgorithmUnsupported, match=re.escape("sha256, sha512")):
            parse_digest(text)


@some_examples
@given(st.sampled_from([("sha256", 64), ("sha512", 128)]), st.data())
def test_a_digest_of_a_supported_algorithm_is_its_text(algorithm: tuple[str, int], data: st.DataObject) -> None:
    name, digits = algorithm
    encoded = data.draw(st.text("0123456789abcdef", min_size=digits, max_size=digits))
    digest = parse_digest(f"{name}:{encoded}")
    assert (digest.algorithm, digest.encoded, str(digest)) == (name, encoded, f"{name}:{encoded}")


@pytest.mark.parametrize(
    "text",
    [
        "sha256:" + "a" * 63,
        "sha256:" + "a" * 65,
        "sha256:" + "a" * 128,
        "sha512:" + "a" * 64,
        "sha256:" + "A" * 64,
        "sha256:" + "g" * 64,
        "sha256:" + "a" * 63 + "\n",
        "sha256:" + "a" * 64 + "\n",
        "sha256:" + "\N{ARABIC-INDIC DIGIT ONE}" * 64,
    ],
)
def test_a_digest_with_invalid_digits_for_its_algorithm_is_rejected(text: str) -> None:
    with pytest.raises(DigestInvalid) as refused:
        parse_digest(text)
    assert not isinstance(refused.value, AlgorithmUnsupported)


@pytest.mark.parametrize(
    ("check", "kind", "text"),
    [
        (check_name, NameInvalid, "a" * 200_000 + "!"),
        (check_name, NameInvalid, "a-" * 100_000),
        (check_name, NameInvalid, "a" + "-" * 200_000),
        (check_name, NameInvalid, "a/" * 100_000),
        (check_name, NameInvalid, ("a" * 120 + "-" * 120)[:254] + "!"),
        (check_tag, TagInvalid, "a." * 100_000),
        (parse_digest, DigestInvalid, "a-" * 100_000),
        (parse_digest, DigestInvalid, "sha256:" + "a" * 200_000),
    ],
    ids=lambda value: getattr(value, "__name__", "text"),
)
def test_a_long_text_is_rejected_in_linear_time(
    check: Callable[[str], object], kind: type[RegistryError], text: str
) -> None:
    start = time.thread_time()
    with pytest.raises(kind) as refused:
        check(text)
    assert time.thread_time() - start < 0.5
    assert len(str(refused.value)) < 1000, "input is truncated in the error"


@some_examples
@given(st.integers(1, 60), st.sampled_from("-._a"))
def test_a_name_of_many_alternatives_is_rejected_in_linear_time(count: int, separator: str) -> None:
    start = time.thread_time()
    accepts(check_name, "a" + separator * count + "!")
    assert time.thread_time() - start < 0.1


def test_the_longest_name_has_255_characters() -> None:
    assert check_name("a" * MAX_NAME_LENGTH)
    with pytest.raises(NameInvalid):
        check_name("a" * (MAX_NAME_LENGTH + 1))


def test_hashers_compute_their_algorithm() -> None:
    hasher = new_hasher("sha512")
    hasher.update(b"abc")
    assert hasher.hexdigest().startswith("ddaf35a193617abacc417349ae204131")
