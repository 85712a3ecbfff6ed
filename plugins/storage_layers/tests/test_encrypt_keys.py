"""Sources, rotation and secrecy of keys."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path

import pytest

from entrepot_contract import ConfigError, IntegrityError
from entrepot_storage_layers import EncryptDriver

SEALED = (
    "454e545245504f015f0abac049ad18071d2ef8595dd5b78d3930bd8c1e68cd7f6a13ac22bfaeb6ec015"
    "ab10b1fd84e8b6d64f86f9da3ef9f18077a6068a13c7848b401e4dee6a3a527001386c7c6893954504e"
)
"""An object that was encrypted with the key ``OLD``: the format must not change."""

OLD, NEW = "0a" * 32, base64.b64encode(b"\x0b" * 32).decode()


@pytest.fixture
def config(tmp_path: Path) -> Mapping[str, object]:
    inner = {"filesystem": {"rootdirectory": str(tmp_path / "inner")}}
    return {"inner": inner, "keyfile": str(tmp_path / "keys")}


def write(config: Mapping[str, object], text: str) -> EncryptDriver:
    Path(str(config["keyfile"])).write_text(text)
    return EncryptDriver.from_config(config)


def read(driver: EncryptDriver, key: str) -> bytes:
    with driver.read(key) as reader:
        return b"".join(reader)


def test_after_a_rotation_old_objects_are_read_and_new_ones_are_written_with_the_new_key(
    config: Mapping[str, object],
) -> None:
    write(config, OLD).put("old", b"old")
    both = write(config, f"# written with the first\n{NEW}\n\n{OLD}\n")
    both.put("new", b"new")
    assert (read(both, "old"), read(both, "new")) == (b"old", b"new")
    only = write(config, NEW)
    assert read(only, "new") == b"new"
    with pytest.raises(IntegrityError, match=r"the key with the id .* is not configured"):
        only.read("old")


def test_an_upload_continues_after_a_rotation(config: Mapping[str, object]) -> None:
    state = write(config, OLD).upload_start("k")
    state = write(config, f"{NEW}\n{OLD}").upload_append(state, [b"content"])
    both = write(config, f"{NEW}\n{OLD}")
    both.upload_commit(state)
    assert read(both, "k") == b"content"


def test_keys_come_from_the_environment(config: Mapping[str, object], monkeypatch: pytest.MonkeyPatch) -> None:
    write(config, OLD).put("old", b"old")
    monkeypatch.setenv("THE_KEYS", f"{NEW},{OLD}")
    driver = EncryptDriver.from_config({"inner": config["inner"], "keyvariable": "THE_KEYS"})
    assert read(driver, "old") == b"old"


@pytest.mark.parametrize("bad", ["", "# none\n", "0a" * 31, "zz" * 32, f"{NEW[:5]}!{NEW[5:]}", f"{OLD}\nshort", "ü"])
def test_an_invalid_key_is_reported_and_not_shown(config: Mapping[str, object], bad: str) -> None:
    with pytest.raises(ConfigError) as caught:
        write(config, bad)
    message = str(caught.value)
    assert str(config["keyfile"]) in message
    assert caught.value.driver == "encrypt"
    assert "0a0a" not in message
    assert "zz" not in message


def test_a_missing_file_and_an_empty_variable_are_reported(config: Mapping[str, object]) -> None:
    with pytest.raises(ConfigError, match="keys of option 'keyfile' cannot be read: No such file"):
        EncryptDriver.from_config(config)
    with pytest.raises(ConfigError, match="variable NO_KEYS of option 'keyvariable' contains no key; create one with"):
        EncryptDriver.from_config({"inner": config["inner"], "keyvariable": "NO_KEYS"})


def test_a_file_that_is_not_text_is_reported(config: Mapping[str, object]) -> None:
    Path(str(config["keyfile"])).write_bytes(b"\xff" * 32)
    with pytest.raises(ConfigError, match="cannot be read: not a text file"):
        EncryptDriver.from_config(config)


def test_an_object_of_an_earlier_version_is_read(config: Mapping[str, object]) -> None:
    driver = write(config, OLD)
    driver.inner.put("k", bytes.fromhex(SEALED))
    assert read(driver, "k") == b"content"


def test_exactly_one_source_of_keys_is_required(config: Mapping[str, object]) -> None:
    for wrong in ({"inner": config["inner"]}, {**config, "keyvariable": "KEYS"}):
        with pytest.raises(ConfigError, match="set exactly one of keyfile and keyvariable"):
            EncryptDriver.from_config(wrong)


def test_no_repr_shows_a_key_or_an_inner_secret(config: Mapping[str, object]) -> None:
    driver = write(config, OLD)
    assert "0a0a" not in repr(driver._keys)
    options = EncryptDriver.Options.model_validate({**config, "inner": {"s3": {"secretkey": "sesame"}}})
    assert "sesame" not in repr(options)
