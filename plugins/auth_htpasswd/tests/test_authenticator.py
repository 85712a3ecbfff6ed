"""The authenticator with real files: logins, reloading and startup errors."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from entrepot_auth_htpasswd import HtpasswdAuthenticator, HtpasswdOptions
from entrepot_contract import ConfigError, DriverOptions
from entrepot_contract.auth import Identity, Presented, Refused

from .conftest import Open, Present, Wait, Write


def accepts(authenticator: HtpasswdAuthenticator, presented: Presented) -> bool:
    try:
        return authenticator.authenticate(presented) is not None
    except Refused:
        return False


def test_an_identity_has_name_groups_and_stamp(tmp_path: Path, write: Write, open_one: Open, present: Present) -> None:
    write({"alice": "secret"})
    groups = tmp_path / "groups"
    groups.write_text("devs: alice bob\nadmins: alice\n")
    authenticator = open_one(groupfile=str(groups))
    identity = authenticator.authenticate(present("alice", "secret"))
    assert identity == authenticator.user("alice")
    assert identity is not None
    assert identity == Identity("alice", frozenset({"devs", "admins"}), stamp=identity.stamp)
    assert len(identity.stamp) == 16
    assert authenticator.user("bob") is None, "membership in a group does not create a user"


def test_without_a_groupfile_there_are_no_groups(write: Write, open_one: Open, present: Present) -> None:
    write({"alice": "secret"})
    identity = open_one().authenticate(present("alice", "secret"))
    assert identity is not None
    assert identity.groups == frozenset()


@pytest.mark.parametrize(("user", "password"), [("alice", "wrong"), ("alice", ""), ("bob", "secret"), ("", "")])
def test_every_wrong_credential_is_refused_with_the_same_message(
    write: Write, open_one: Open, present: Present, user: str, password: str
) -> None:
    write({"alice": "secret"})
    with pytest.raises(Refused, match=r"^the user or the password is wrong$"):
        open_one().authenticate(present(user, password))


def test_non_ascii_names_and_passwords_with_colons_are_accepted(write: Write, open_one: Open, present: Present) -> None:
    write({"jürgen": "pä:ß:", "李": "密码"})
    authenticator = open_one()
    assert accepts(authenticator, present("jürgen", "pä:ß:"))
    assert accepts(authenticator, present("李", "密码"))
    assert not accepts(authenticator, present("jürgen", "pä:ß"))


def test_an_empty_file_accepts_no_user(path: Path, open_one: Open, present: Present) -> None:
    path.write_text("")
    assert not accepts(open_one(), present("alice", ""))


def test_added_and_removed_users_apply_without_a_restart(
    write: Write, open_one: Open, present: Present, wait: Wait
) -> None:
    write({"alice": "secret"})
    authenticator = open_one()
    assert accepts(authenticator, present("alice", "secret"))
    write({"bob": "secret"})
    wait(lambda: accepts(authenticator, present("bob", "secret")))
    assert not accepts(authenticator, present("alice", "secret")), "the cache is cleared when the file is reloaded"
    assert authenticator.user("alice") is None


def test_a_new_password_invalidates_the_cached_one_and_changes_the_stamp(
    write: Write, open_one: Open, present: Present, wait: Wait
) -> None:
    write({"alice": "old"})
    authenticator = open_one(cache="1h")
    before = authenticator.authenticate(present("alice", "old"))
    write({"alice": "new"})
    wait(lambda: not accepts(authenticator, present("alice", "old")))
    after = authenticator.authenticate(present("alice", "new"))
    assert before is not None
    assert after is not None
    assert before.stamp != after.stamp


def test_groups_change_without_a_restart(tmp_path: Path, write: Write, open_one: Open, wait: Wait) -> None:
    write({"alice": "secret"})
    groups = tmp_path / "groups"
    groups.write_text("devs: alice\n")
    authenticator = open_one(groupfile=str(groups))
    groups.write_text("admins: alice\n")
    wait(lambda: authenticator.user("alice") == Identity("alice", frozenset({"admins"}), stamp=_stamp(authenticator)))


def test_a_malformed_file_keeps_the_old_content_and_the_line_is_logged(
    tmp_path: Path, write: Write, open_one: Open, present: Present, wait: Wait, caplog: pytest.LogCaptureFixture
) -> None:
    path = write({"alice": "secret"})
    groups = tmp_path / "groups"
    groups.write_text("devs: alice\n")
    authenticator = open_one(groupfile=str(groups))
    groups.unlink()
    path.write_text("alice:$2y$05$half a li")

    def logged() -> bool:
        assert accepts(authenticator, present("alice", "secret"))
        return len(caplog.records) == 2

    wait(logged)
    broken, gone = sorted(record.getMessage() for record in caplog.records if record.levelno == logging.ERROR)[::-1]
    assert f"{path} line 1: malformed bcrypt hash" in broken
    assert "half" not in broken
    assert str(groups) in gone
    assert "No such file" in gone
    write({"bob": "secret"})
    wait(lambda: not accepts(authenticator, present("alice", "secret")))


@pytest.mark.parametrize("option", ["path", "groupfile"])
def test_a_missing_file_is_a_startup_error_and_is_not_created(
    tmp_path: Path, write: Write, open_one: Open, option: str
) -> None:
    write({"alice": "secret"})
    missing = tmp_path / "missing"
    with pytest.raises(ConfigError, match=f"option '{option}': {missing} cannot be read: No such file") as caught:
        open_one(**{option: str(missing)})
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    assert not missing.exists()


@pytest.mark.parametrize("option", ["path", "groupfile"])
def test_a_malformed_line_is_a_startup_error(tmp_path: Path, write: Write, open_one: Open, option: str) -> None:
    write({"alice": "secret"})
    broken = tmp_path / "broken"
    broken.write_text("# ours\nhunter2\n")
    with pytest.raises(ConfigError, match=f"option '{option}': {broken} line 2: expected NAME:") as caught:
        open_one(**{option: str(broken)})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize(
    ("cache", "seconds"), [(0, 0), ("0", 0), ("500ms", 0.5), ("90s", 90), ("5m", 300), ("1h", 3600)]
)
def test_the_cache_time_is_a_duration(cache: object, seconds: float) -> None:
    options = HtpasswdOptions.model_validate({"realm": "r", "path": "p", "cache": cache})
    assert options.cache.total_seconds() == seconds


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("cache", -1),
        ("cache", 90),
        ("cache", "90"),
        ("cache", "soon"),
        ("cache", True),
        ("cache", float("inf")),
        ("realm", ""),
        ("realm", "a\r\nB: c"),
    ],
)
def test_an_invalid_option_is_named_in_the_error(write: Write, open_one: Open, option: str, value: object) -> None:
    write({"alice": "secret"})
    with pytest.raises(ConfigError, match=f"option '{option}'"):
        open_one(**{option: value})


def test_the_options_of_another_plugin_are_a_type_error() -> None:
    with pytest.raises(TypeError, match="HtpasswdOptions"):
        HtpasswdAuthenticator(DriverOptions())


@pytest.mark.parametrize(
    ("realm", "challenge"),
    [
        ("entrepot", 'Basic realm="entrepot", charset="UTF-8"'),
        ('a "b" \\c', r'Basic realm="a \"b\" \\c", charset="UTF-8"'),
    ],
)
def test_the_challenge_is_basic_with_the_realm_quoted(write: Write, open_one: Open, realm: str, challenge: str) -> None:
    write({"alice": "secret"})
    authenticator = open_one(realm=realm)
    assert {authenticator.challenge(Presented(), [], refusal) for refusal in (None, "invalid")} == {challenge}


def test_no_user_data_is_logged(
    write: Write, open_one: Open, present: Present, caplog: pytest.LogCaptureFixture
) -> None:
    write({"alice": "open sesame"})
    with caplog.at_level(logging.DEBUG):
        authenticator = open_one()
        assert accepts(authenticator, present("alice", "open sesame"))
        assert not accepts(authenticator, present("alice", "hunter2"))
    assert caplog.text == ""


def _stamp(authenticator: HtpasswdAuthenticator) -> str:
    identity = authenticator.user("alice")
    assert identity is not None
    return identity.stamp
