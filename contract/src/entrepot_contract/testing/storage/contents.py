"""Tests with contents that a driver may change or confuse: text, compressed bytes, zeros, and equal ones."""

from __future__ import annotations

import bz2
import gzip
import lzma
import zlib
from typing import Final

import pytest

from entrepot_contract import StorageDriver
from entrepot_contract.testing.sentences import sentence
from entrepot_contract.testing.storage.base import ContractBase
from entrepot_contract.testing.storage.content import Content, body, for_each, listed, read_back, upload

__all__ = ["ContentsContract"]

TEXT: Final = b"one line\nanother\r\na third\rand more\n" * 50
CONTENTS: Final[dict[str, bytes]] = {
    "every byte": bytes(range(256)) * 2,
    "zeros": bytes(200_000),
    "zeros at the end": body(70_000) + bytes(100_000),
    "zeros at the beginning": bytes(100_000) + body(70_000),
    "0xff": b"\xff" * 5_000,
    "lines": TEXT,
    "spaces around": b" \t\r\n content \r\n\0 ",
    "a newline": b"\n",
    "a carriage return": b"\r\n",
    "NUL": b"\0",
    "end of file": b"before\x1a\x04after",
    "with a BOM": b"\xef\xbb\xbfcontent",
    "UTF-16": "content".encode("utf-16"),
    "Latin-1": "gr\u00fc\u00dfe".encode("latin-1"),
    "JSON": b'{"size": 5, "data": null}',
    "null": b"null",
    "base64": b"Y29udGVudA==",
    "percent": b"%41%42%00+%2B",
    "quotes": b"'; DROP TABLE objects; --\"\\\\x00",
    "an HTTP response": b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n",
    "chunked": b"5\r\nhello\r\n0\r\n\r\n",
    "XML": b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code></Error>",
    "gzip": gzip.compress(TEXT, mtime=0),
    "zlib": zlib.compress(TEXT),
    "bzip2": bz2.compress(TEXT),
    "xz": lzma.compress(TEXT),
    "compressible": b"0123456789" * 30_000,
}


class ContentsContract(ContractBase):
    """Tests of bytes that are not random."""

    @sentence("put", "Write a complete object of at most 16 MiB.")
    @sentence("read", "Read an object, or ``length`` bytes of it starting at ``offset``.")
    @pytest.mark.parametrize("made", ["put", "commit"])
    def test_any_content_is_read_as_it_was_written(self, driver: StorageDriver, made: str) -> None:
        def check(name: str) -> None:
            key, data = f"k/{name.replace(' ', '-')}", CONTENTS[name]
            info = driver.put(key, data) if made == "put" else upload(driver, key, data)
            assert info.size == driver.stat(key).size == len(data), f"the size of {name}"
            assert read_back(driver, key) == data, f"an object was not read as it was written: {name}"
            assert read_back(driver, key, offset=len(data) - 1) == data[-1:], f"the last byte of {name}"
            assert read_back(driver, key, length=3) == data[:3], f"the first bytes of {name}"

        for_each(check, CONTENTS)

    @sentence("upload_append", "Append any number of bytes at offset ``state.size``.")
    @pytest.mark.parametrize("parts", [0, 1])
    def test_appends_of_equal_bytes_are_all_kept(self, driver: StorageDriver, part: int, parts: int) -> None:
        for number, again in enumerate((body(part * parts or 1000), bytes(part * parts or 1000), b"x")):
            state = driver.upload_start("a/k")
            for _ in range(4):
                state = driver.upload_append(state, [again])
            state = driver.upload_append(state, [again, again, b"", again])
            assert state.size == 7 * len(again)
            driver.upload_commit(state, target=f"b/{number}")
            assert read_back(driver, f"b/{number}") == Content(again * 7), "equal appends were not all kept"

    @sentence("StorageDriver", "one backend that stores objects by key.")
    def test_objects_of_equal_content_are_independent(self, driver: StorageDriver, part: int) -> None:
        data = body(part + 100)
        for key in ("a/1", "a/2"):
            driver.put(key, data)
        states = [driver.upload_append(driver.upload_start("u/k"), [data]) for _ in range(4)]
        driver.upload_commit(states[0], target="a/3")
        driver.upload_commit(states[1], target="a/4")
        driver.upload_abort(states[2])
        driver.delete(["a/1"])
        driver.put("a/4", b"replaced")
        driver.move("a/2", "a/5")
        for key in ("a/3", "a/5"):
            assert read_back(driver, key) == data, f"{key} was changed with an object of equal content"
        driver.upload_commit(states[3], target="a/6")
        driver.delete(["a/3", "a/5"])
        assert read_back(driver, "a/6") == data, "an object was changed with an object of equal content"
        assert read_back(driver, "a/4") == b"replaced"
        assert listed(driver) == ["a/4", "a/6"]
