"""Tests with keys as the host writes them: blobs below their digests, and links, which a layer may treat specially."""

from __future__ import annotations

from hashlib import sha256

import pytest

from entrepot_contract import NotFound, StorageDriver
from entrepot_contract.testing.sentences import needs, sentence
from entrepot_contract.testing.storage.base import ContractBase, Opener
from entrepot_contract.testing.storage.content import Content, body, listed, read_back, upload

__all__ = ["HostKeyContract"]

ROOT = "docker/registry/v2"
LINK = f"{ROOT}/repositories/library/app/_manifests/tags/latest/current/link"


def blob_key(data: bytes) -> str:
    """Return the key at which the host stores a blob."""
    digest = sha256(data).hexdigest()
    return f"{ROOT}/blobs/sha256/{digest[:2]}/{digest}/data"


class HostKeyContract(ContractBase):
    """Tests of blobs and links."""

    @sentence("Key", "A key that holds a digest promises nothing about the content of the object")
    @pytest.mark.parametrize("size", [0, 1, 100_000, None], ids=["empty", "byte", "small", "large"])
    def test_blobs_are_read_again_and_again(self, driver: StorageDriver, part: int, size: int | None) -> None:
        data = body(part + 70_003 if size is None else size)
        key = blob_key(data)
        upload(driver, "uploads/data", data, target=key)
        stat = driver.stat(key)
        for turn in range(3):
            with driver.read(key) as reader:
                got = b"".join(reader)
            assert Content(got) == data, f"read {turn} of a blob"
            assert (reader.info.key, reader.info.size) == (key, len(data)), f"the info of read {turn} of a blob"
            assert reader.info.etag in {None, stat.etag}
            for offset, length in ((0, 10), (len(data) // 2, None), (len(data) // 3, 70_000), (len(data), None)):
                end = None if length is None else offset + length
                found = read_back(driver, key, offset=offset, length=length)
                assert found == data[offset:end], f"offset={offset}, length={length} of a blob after {turn + 1} reads"
            assert driver.stat(key) == stat
        driver.delete([key])
        with pytest.raises(NotFound):
            driver.read(key)
        with pytest.raises(NotFound):
            driver.read(key, offset=0, length=0)
        assert listed(driver) == []

    @sentence("Key", "A key that holds a digest promises nothing about the content of the object")
    def test_blobs_are_read_partly_and_beside_each_other(self, driver: StorageDriver) -> None:
        data = body(3 * 2**20 + 17)
        key = blob_key(data)
        driver.put(key, data)
        for _ in range(2):
            with driver.read(key) as left:
                next(iter(left))
            driver.read(key).close()
            with driver.read(key) as one, driver.read(key) as other, driver.read(key, offset=5) as part:
                first = next(iter(one))
                assert Content(b"".join(other)) == data, "a blob that is read by two readers"
                assert Content(b"".join(part)) == data[5:], "a range of a blob beside other readers"
                assert Content(first + b"".join(one)) == data, "a blob whose reader is iterated again"

    @sentence("Key", "it is read as it was written.")
    def test_blobs_with_other_content_are_read_as_they_are(self, driver: StorageDriver) -> None:
        right = body(200_000)
        key = blob_key(right)
        for data in (body(200_000, seed=1), b"", right, body(1000, seed=2), right[:-1] + b"\0", right):
            driver.put(key, data)
            for _ in range(2):
                assert read_back(driver, key) == data, "a blob must be read as it was written, whatever its key says"
                assert read_back(driver, key, offset=len(data) // 2) == data[len(data) // 2 :]
                assert driver.stat(key).size == len(data)

    @sentence("Key", "it is read as it was written.")
    @needs("shared")
    def test_blobs_and_links_are_replaced_by_another_driver(self, driver: StorageDriver, open_driver: Opener) -> None:
        other = open_driver()
        for number in range(8):
            data = body(50_000, seed=number)
            key, text = blob_key(data), f"sha256:{sha256(data).hexdigest()}".encode()
            with pytest.raises(NotFound):
                driver.read(key)
            other.put(key, data)
            other.put(LINK, text)
            assert read_back(driver, key) == data, "a blob must be readable as soon as another driver has written it"
            assert read_back(driver, LINK) == text, "a link must be read anew after another driver has written it"
            assert read_back(driver, LINK, offset=7) == text[7:]
            assert driver.stat(LINK).size == len(text)
        other.delete([LINK])
        with pytest.raises(NotFound):
            driver.read(LINK)
        with pytest.raises(NotFound):
            driver.stat(LINK)
