"""Validation of the tokens of upload states."""

from __future__ import annotations

from typing import Literal

import pytest

from entrepot_contract import UploadState
from entrepot_contract.toolkit.tokens import Count, Id, TokenForm

FORM = TokenForm(tuple[Id, Count, Id | Literal[""], tuple[tuple[Id, Count], ...]])


def read(token: str) -> object:
    return FORM.read(UploadState("k", 0, token))


def test_a_token_of_the_form_is_read() -> None:
    assert read('["a-1", 5, "", [["n", 0]]]') == ("a-1", 5, "", (("n", 0),))


@pytest.mark.parametrize(
    "token",
    [
        *("", "x", "5", "null", "{}", '""', "[]", "NaN", "[" * 5000, "\0"),
        *(
            '["../a", 5, "", []]',
            '["a", -1, "", []]',
            '["a", true, "", []]',
            '["a", 5.0, "", []]',
            '["a", "5", "", []]',
        ),
        *('["a", 5, null, []]', '["a", 5, "", [["n"]]]', '["a", 5, "", [], 1]', f'["a", {2**70}, "", []]'),
        '["", 5, "", []]',
    ],
)
def test_anything_else_is_none(token: str) -> None:
    assert read(token) is None
