"""Options, and what is said of wrong ones."""

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
    """Some options as a driver has them."""

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


def test_good_options_are_taken_by_name_and_by_alias() -> None:
    options = parse_options(BucketOptions, {"bucket": "b", "rootdirectory": "r", "secretkey": VALUE}, driver="d")
    assert (options.bucket, options.root, options.secretkey.get_secret_value()) == ("b", "r", VALUE)
    assert parse_options(BucketOptions, {"bucket": "b", "root": "r"}, driver="d").root == "r"
    assert VALUE not in repr(options)


def test_every_wrong_option_has_its_sentence() -> None:
    said = refused({"buket": VALUE, "chunksize": 0, "rootdirectory": [7]}).split("; ")
    assert said == [
        "option 'bucket' is required",
        "option 'chunksize': input should be greater than or equal to 1",
        "option 'rootdirectory': input should be a valid string",
        "unknown option 'buket', did you mean 'bucket'?",
    ]


def test_an_unknown_option_without_a_neighbour_gets_the_list() -> None:
    assert refused({"bucket": "b", "zzz": 1}) == (
        "unknown option 'zzz'; valid names: bucket, chunksize, rootdirectory, secretkey"
    )
    assert nearest("zzz", []) == "; there are none"


def test_a_fault_of_several_options_is_told_in_its_own_words() -> None:
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
        options.bucket = "c"  # type: ignore[misc]  # the fault that this test makes
