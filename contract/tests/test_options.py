"""Options, and error messages for invalid ones."""

from __future__ import annotations

from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import Field, SecretStr, model_validator

from entrepot_contract import ConfigError, DriverOptions
from entrepot_contract.options import nearest, parse_options

VALUE = "value-that-nobody-may-see"


class BucketOptions(DriverOptions):
    """Typical options of a driver."""

    bucket: str
    secretkey: SecretStr = SecretStr("")
    chunksize: int = Field(default=1, ge=1)
    root: str = Field(default="", alias="rootdirectory")


def refused(config: dict[str, object]) -> str:
    with pytest.raises(ConfigError) as caught:
        parse_options(BucketOptions, config, driver="bucketdriver")
    assert (caught.value.driver, caught.value.operation) == ("bucketdriver", "configure")
    assert caught.value.__cause__ is not None
    return caught.value.message


def test_valid_options_are_accepted_by_name_and_by_alias() -> None:
    options = parse_options(BucketOptions, {"bucket": "b", "rootdirectory": "r", "secretkey": VALUE}, driver="d")
    assert (options.bucket, options.root, options.secretkey.get_secret_value()) == ("b", "r", VALUE)
    assert parse_options(BucketOptions, {"bucket": "b", "root": "r"}, driver="d").root == "r"
    assert VALUE not in repr(options)


def test_every_invalid_option_is_reported() -> None:
    messages = refused({"buket": VALUE, "chunksize": 0, "rootdirectory": [7]}).split("; ")
    assert messages == [
        "option 'bucket' is required",
        "option 'chunksize': input should be greater than or equal to 1",
        "option 'rootdirectory': input should be a valid string",
        "unknown option 'buket', did you mean 'bucket'?",
    ]


def test_an_unknown_option_without_a_close_match_lists_all_names() -> None:
    assert refused({"bucket": "b", "zzz": 1}) == (
        "unknown option 'zzz'; valid names: bucket, chunksize, rootdirectory, secretkey"
    )
    assert nearest("zzz", []) == "; there are none"


def test_an_error_about_several_options_is_reported_unchanged() -> None:
    class Either(DriverOptions):
        left: str = ""
        right: str = ""

        @model_validator(mode="after")
        def _one(self) -> Self:
            if self.left and self.right:
                raise ValueError("set 'left' or 'right', not both")
            return self

    with pytest.raises(ConfigError, match=r"^either: configure: set 'left' or 'right', not both$"):
        parse_options(Either, {"left": VALUE, "right": VALUE}, driver="either")


@given(st.sampled_from(["chunksize", "other"]), st.integers(0, 3))
def test_no_value_is_ever_shown(name: str, depth: int) -> None:
    value: object = VALUE
    for _ in range(depth):
        value = {VALUE: [value]}
    assert VALUE not in refused({"bucket": value, "rootdirectory": [value], "secretkey": [value], name: value})


def test_options_never_change() -> None:
    options = parse_options(BucketOptions, {"bucket": "b"}, driver="d")
    with pytest.raises(ValueError, match="frozen"):
        options.bucket = "c"  # type: ignore[misc]  # deliberately wrong
