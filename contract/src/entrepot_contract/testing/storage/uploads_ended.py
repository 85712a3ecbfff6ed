"""Tests that the end of an upload ends no other one, however similar their names in the backend are."""

from __future__ import annotations

import pytest

from entrepot_contract import StorageDriver, UploadUnknown
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import for_each, listed, read_back, revived

__all__ = ["UploadsEndedContract"]

OPEN = 36
"""More than ten, because a backend that numbers its uploads has some then whose numbers begin alike."""

ENDED = range(5)


class UploadsEndedContract(ContractBase):
    """Tests of uploads that were started one after the other."""

    @sentence("upload_start", "The state has size 0, and any number of uploads may be open for one key.")
    @sentence("upload_abort", "Other uploads stay as they are, also those for the same key.")
    @pytest.mark.parametrize("end", ["upload_abort", "upload_commit"])
    def test_the_end_of_an_upload_ends_no_other(self, driver: StorageDriver, end: str) -> None:
        states = [driver.upload_start("a/k") for _ in range(OPEN)]
        contents = [b"upload %d" % number for number in range(OPEN)]

        def fill(number: int) -> None:
            states[number] = driver.upload_append(revived(states[number]), [contents[number]])

        def finish(number: int) -> None:
            try:
                driver.upload_commit(states[number], target=f"done/{number:02}")
            except UploadUnknown as error:
                raise AssertionError(f"{end} of the first uploads has ended upload {number + 1} too") from error

        for_each(fill, range(OPEN))
        for number in ENDED:
            if end == "upload_abort":
                driver.upload_abort(states[number])
            else:
                driver.upload_commit(states[number], target="ended")
        rest = range(len(ENDED), OPEN)
        for_each(finish, rest)
        assert listed(driver, "done/") == [f"done/{number:02}" for number in rest]
        for number in rest:
            assert read_back(driver, f"done/{number:02}") == contents[number], "an upload has the bytes of another one"
