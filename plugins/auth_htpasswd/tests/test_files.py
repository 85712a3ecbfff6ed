"""Parsing of the files: accepted, ignored and malformed lines."""

from __future__ import annotations

import logging
import re

import bcrypt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from entrepot_auth_htpasswd.files import cost_of, groups_of, hashes_of

SALT_AND_HASH = b"e7fGGZdEgQ2GeSWwwn1Dx.wnmrVnuFM9.889KGTe8K/HJTAB118w2"
GOOD = b"$2y$05$" + SALT_AND_HASH


def test_comments_blank_lines_and_windows_line_endings_are_handled() -> None:
    content = b"# users\r\n\r\n  \nalice:%s\r\n  #bob:x\nbob:%s" % (GOOD, GOOD)
    assert hashes_of(content, "f") == {"alice": GOOD, "bob": GOOD}


@pytest.mark.parametrize("prefix", [b"$2a$", b"$2b$", b"$2x$", b"$2y$"])
def test_every_bcrypt_prefix_is_accepted(prefix: bytes) -> None:
    stored = prefix + bcrypt.hashpw(b"secret", bcrypt.gensalt(4))[4:]
    assert hashes_of(b"alice:" + stored, "f") == {"alice": stored}
    assert bcrypt.checkpw(b"secret", stored)


@pytest.mark.parametrize(
    "stored",
    [b"$apr1$6F4Ftt5Q$sDAIKJBs9YHb8XNaKVP1K1", b"{SHA}5en6G6MezRroT3XKqkdPOmY/BfQ=", b"wXvmUUEEZALXg", b"", b"$2$05$x"],
)
def test_another_hash_is_ignored_and_only_its_line_number_is_logged(
    stored: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.WARNING):
        assert hashes_of(b"alice:%s\nbob:%s\n" % (GOOD, stored), "/etc/users") == {"alice": GOOD}
    assert [record.getMessage() for record in caplog.records] == [
        "user without a bcrypt hash ignored, create one with htpasswd -B: /etc/users line 2"
    ]


def test_the_last_line_of_a_user_counts_as_in_distribution() -> None:
    other = GOOD[:-1] + b"u"
    assert hashes_of(b"alice:%s\nalice:%s" % (GOOD, other), "f") == {"alice": other}
    assert hashes_of(b"alice:%s\nalice:{SHA}5en6" % GOOD, "f") == {}


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"nobody-but-me", "expected NAME:"),
        (b":" + GOOD, "expected NAME:"),
        (b"nobody-but-me:" + GOOD[:-1], "malformed bcrypt"),
        (b"nobody-but-me:" + GOOD + b":a comment", "malformed bcrypt"),
        (b"nobody-but-me:" + GOOD.replace(b"Dx.", b"Dxy"), "malformed bcrypt"),
        (b"nobody-but-me:$2y$03$" + SALT_AND_HASH, "cost of a bcrypt hash must be 4 to 17"),
        (b"nobody-but-me:$2y$18$" + SALT_AND_HASH, "cost of a bcrypt hash must be 4 to 17"),
        (b"nobody\tbut-me:" + GOOD, "control character"),
        ("nobody-but-mé:".encode("latin-1") + GOOD, "not UTF-8"),
    ],
)
def test_a_malformed_line_is_reported_by_path_and_number_without_its_content(line: bytes, reason: str) -> None:
    with pytest.raises(ValueError, match=f"^/etc/users line 3: .*{reason}") as caught:
        hashes_of(b"# ours\nalice:%s\n%s\n" % (GOOD, line), "/etc/users")
    assert "nobody" not in str(caught.value)
    assert SALT_AND_HASH.decode() not in str(caught.value)
    assert caught.value.__cause__ is None


@given(st.binary())
def test_an_accepted_hash_is_valid_for_bcrypt(salt: bytes) -> None:
    line = b"alice:$2b$04$" + re.sub(rb"[^./A-Za-z0-9]", b".", salt)[:22].ljust(22, b".") + b"." * 31
    try:
        (stored,) = hashes_of(line, "f").values()
    except ValueError:
        with pytest.raises(ValueError, match="Invalid salt"):
            bcrypt.checkpw(b"x", line.removeprefix(b"alice:"))
    else:
        assert not bcrypt.checkpw(b"x", stored)


@given(st.binary())
def test_any_content_is_accepted_or_raises_value_error(content: bytes) -> None:
    for parse in (hashes_of, groups_of):
        try:
            parse(content, "f")
        except ValueError as error:
            assert str(error).startswith("f line ")  # noqa: PT017 - most contents raise, and some do not


def test_the_cost_is_the_second_field() -> None:
    assert cost_of(GOOD) == 5


def test_a_user_is_in_every_group_that_lists_it() -> None:
    content = "# groups\ndevs: alice bob\n\nadmins: alice\ndevs: jürgen\nempty:\n".encode()
    assert groups_of(content, "f") == {
        "alice": {"devs", "admins"},
        "bob": {"devs"},
        "jürgen": {"devs"},
    }


@pytest.mark.parametrize("line", [b"devs alice", b": alice", "devs: jürgen".encode("latin-1")])
def test_a_malformed_group_line_is_reported_by_path_and_number(line: bytes) -> None:
    with pytest.raises(ValueError, match=r"^/etc/groups line 2: "):
        groups_of(b"admins: alice\n" + line, "/etc/groups")
