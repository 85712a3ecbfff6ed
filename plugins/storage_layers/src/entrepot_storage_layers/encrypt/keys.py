"""Keys of 32 bytes: the first encrypts, and all of them decrypt."""

from __future__ import annotations

import base64
import binascii
import os
import re
from collections.abc import Mapping
from typing import Final

from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

from entrepot_contract import ConfigError
from entrepot_storage_layers.encrypt.options import EncryptOptions

__all__ = ["KEY_ID_BYTES", "Keys", "read_keys"]

KEY_ID_BYTES: Final = 8
KEY_BYTES: Final = 32


class Keys:
    """The keys of one driver, by an id that is derived from each key and does not reveal it."""

    def __init__(self, keys: list[bytes]) -> None:
        self._keys: Mapping[bytes, bytes] = {_derive(key, b"", b"key id", KEY_ID_BYTES): key for key in keys}
        self.writing = next(iter(self._keys))

    def cipher(self, key_id: bytes, object_id: bytes) -> AESGCM | None:
        """Return the cipher of one object, or None if no key has this id."""
        key = self._keys.get(key_id)
        return None if key is None else AESGCM(_derive(key, object_id, b"object", KEY_BYTES))

    def __repr__(self) -> str:
        return f"Keys({', '.join(each.hex() for each in self._keys)})"


def read_keys(options: EncryptOptions, driver: str) -> Keys:
    """Read the keys from the file or environment variable in the options.

    Raises ConfigError if there are none, or if one is not 32 bytes in hexadecimal or base64.
    """
    if options.keyfile is not None:
        where = f"the file {options.keyfile} of option 'keyfile'"
        try:
            with open(options.keyfile, encoding="utf-8") as file:
                text = file.read()
        except (OSError, UnicodeDecodeError) as error:
            reason = error.strerror if isinstance(error, OSError) else "not a text file"
            raise _wrong(driver, f"{where} cannot be read: {reason}") from error
    else:
        where = f"the environment variable {options.keyvariable} of option 'keyvariable'"
        text = os.environ.get(options.keyvariable or "", "")
    lines = [line for line in map(str.strip, re.split(r"[\n,]", text)) if line and not line.startswith("#")]
    if not lines:
        raise _wrong(driver, f"{where} contains no key; create one with: openssl rand -hex {KEY_BYTES}")
    keys = [_decoded(line) for line in lines]
    for number, key in enumerate(keys, 1):
        if key is None:
            raise _wrong(driver, f"key {number} of {where} is not {KEY_BYTES} bytes in hexadecimal or base64")
    return Keys([key for key in keys if key is not None])


def _decoded(text: str) -> bytes | None:
    try:
        key = bytes.fromhex(text) if len(text) == 2 * KEY_BYTES else base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        return None
    return key if len(key) == KEY_BYTES else None


def _derive(key: bytes, salt: bytes, what: bytes, length: int) -> bytes:
    return HKDF(SHA256(), length, salt or None, b"entrepot encrypt 1 " + what).derive(key)


def _wrong(driver: str, message: str) -> ConfigError:
    return ConfigError(message, driver=driver, operation="configure")
