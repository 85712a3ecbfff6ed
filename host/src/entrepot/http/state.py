"""The signed state in the URL of an upload: its position from the client's point of view."""

from __future__ import annotations

import binascii
import hmac
import json
from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import dataclass
from hashlib import sha256
from typing import Final

from entrepot.errors import BlobUploadInvalid

__all__ = ["StateSigner", "UploadPosition"]

_SIGNATURE: Final = sha256().digest_size
_MAX_TEXT: Final = 2048


@dataclass(frozen=True, slots=True)
class UploadPosition:
    """An upload of a repository, with the number of its slices and its size in bytes."""

    name: str
    uuid: str
    number: int
    size: int


class StateSigner:
    """Creates and verifies ``_state``, as Distribution does: base64url(HMAC-SHA256(secret, J) ‖ J)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, position: UploadPosition) -> str:
        """Returns the state as text for a query string."""
        text = json.dumps(
            {"Name": position.name, "UUID": position.uuid, "Offset": position.size, "Number": position.number},
            separators=(",", ":"),
        ).encode()
        return urlsafe_b64encode(self._signature(text) + text).decode("ascii")

    def verify(self, state: str | None, name: str, uuid: str) -> UploadPosition:
        """Returns the position in a state; raises BlobUploadInvalid if its signature or its upload is wrong."""
        if state is None or len(state) > _MAX_TEXT:
            raise BlobUploadInvalid("_state is missing: use the Location of the last response unchanged")
        try:
            raw = urlsafe_b64decode(state.encode("ascii"))
        except (binascii.Error, UnicodeEncodeError) as error:
            raise BlobUploadInvalid("_state is malformed") from error
        signature, text = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._signature(text)):
            raise BlobUploadInvalid("_state has a wrong signature")
        fields = json.loads(text)
        if fields["Name"] != name or fields["UUID"] != uuid:
            raise BlobUploadInvalid("_state belongs to another upload")
        return UploadPosition(name, uuid, fields["Number"], fields["Offset"])

    def _signature(self, text: bytes) -> bytes:
        return hmac.digest(self._secret, text, "sha256")
