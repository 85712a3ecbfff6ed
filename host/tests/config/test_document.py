"""YAML by the rules of Distribution's configuration."""

from __future__ import annotations

import pytest

from entrepot.config.document import DocumentError, parse_document


@pytest.mark.parametrize("text", ["0123", "0x1f", "1_000", "0.1", "yes", "2001-01-01", "1e3", "12:30:45"])
def test_scalars_that_could_be_text_stay_text(text: str) -> None:
    assert parse_document(f"key: {text}") == {"key": text}


@pytest.mark.parametrize(("text", "value"), [("5", 5), ("-5", -5), ("true", True), ("", None), ("~", None)])
def test_numbers_booleans_and_null_are_converted(text: str, value: object) -> None:
    assert parse_document(f"key: {text}") == {"key": value}


def test_an_anchor_can_be_merged() -> None:
    assert parse_document("a: &a {x: 1}\nb:\n  <<: *a\n  y: 2") == {"a": {"x": 1}, "b": {"x": 1, "y": 2}}


def test_a_duplicate_key_is_rejected_with_its_position() -> None:
    with pytest.raises(DocumentError, match="line 3, column 3: duplicate key"):
        parse_document("http:\n  addr: a\n  addr: b")


@pytest.mark.parametrize(
    "text", ["secret: @hidden", "secret: *hidden", "secret: 'hidden", "secret: [hidden", "\thidden"]
)
def test_an_error_shows_nothing_of_the_text(text: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_document(text)
    assert "hidden" not in str(caught.value)
    assert caught.value.__cause__ is None


def test_no_python_object_can_be_made() -> None:
    with pytest.raises(DocumentError):
        parse_document("!!python/object/apply:os.getcwd []")


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        ("{a: :5,}", "line 1, column 5: expected the node content, but found ':'"),
        ("a:\n\tb: 1", "line 2, column 1: found character '\\t' that cannot start any token"),
        ("a: [1", "line 1, column 6: expected ',' or ']', but got '<stream end>'"),
        ("a: *hidden", "line 1, column 4: found undefined alias"),
        ("a: !hidden x", "line 1, column 4: could not determine a constructor for the tag"),
    ],
)
def test_a_yaml_error_is_described_completely_without_values(text: str, problem: str) -> None:
    with pytest.raises(DocumentError) as caught:
        parse_document(text)
    assert str(caught.value) == f"is not valid YAML in {problem}"
