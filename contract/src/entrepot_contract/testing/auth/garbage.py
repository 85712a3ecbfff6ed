"""Malformed parameters of the Authorization header, as a client might send them after the scheme."""

from __future__ import annotations

import base64
from typing import Final

from hypothesis import strategies as st

__all__ = ["GARBAGE", "MAX_SIZE", "parameters", "tokens"]

MAX_SIZE: Final = 16 * 2**10
"""The maximum length of a header that the host accepts, in bytes."""


GARBAGE: Final = {
    "nothing": "",
    "spaces": "   ",
    "a-colon": ":",
    "dots": "..",
    "many-dots": "." * 1000,
    "bad-base64": "!!!!",
    "cut-base64": "YWxpY",
    "base64-of-a-colon": "Og==",
    "base64-of-nuls": base64.b64encode(b"\0\0:\0\0").decode(),
    "base64-of-no-utf-8": base64.b64encode(b"\xff\xfe:\xff\xfe").decode(),
    "base64-of-control-characters": base64.b64encode(b"\x01\x7f:\r\n").decode(),
    "base64-of-colons": base64.b64encode(b":" * 50).decode(),
    "base64-of-no-colon": base64.b64encode(b"kit").decode(),
    "json": "e30.e30.e30",
    "no-algorithm": "eyJhbGciOiJub25lIn0.e30.",
    "deep-json": f"{base64.urlsafe_b64encode(b'[' * 9000).decode()}.e30.e30",
    "nul": "\0",
    "control-characters": "\x01\x7f\r\nX: y",
    "not-latin-1": "\u20ac\U0001f433",
    "surrogate": "\ud800",
    "two-words": "a b",
    "list": "a, Kit b",
    "long": "A" * MAX_SIZE,
    "long-base64": base64.b64encode(b"kit:" + b"x" * (MAX_SIZE * 3 // 4 - 4)).decode(),
    "too-long": "A" * (MAX_SIZE + 1),
    "too-long-base64": base64.b64encode(b"kit:" + b"x" * MAX_SIZE).decode(),
}
"""By name, parameters that are never a valid credential."""

tokens = st.from_regex(r"\A[A-Za-z][A-Za-z0-9!#$%&'*+.^_`|~-]{0,15}\Z")

parameters = st.one_of(
    st.text(max_size=200),
    st.text(st.characters(codec="latin-1"), max_size=200),
    st.binary(max_size=200).map(lambda data: base64.b64encode(data).decode()),
    st.from_regex(r"\A[A-Za-z0-9_-]{0,40}(\.[A-Za-z0-9_-]{0,40}){0,4}\Z"),
)
