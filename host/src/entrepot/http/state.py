"""What the URL of an upload carries: where the client believes the upload to stand, signed."""

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
    """An upload of a repository, the number of its slices and the bytes they hold."""

    name: str
    uuid: str
    number: int
    size: int


class StateSigner:
    """Writes and checks ``_state``, as Distribution does: base64url(HMAC-SHA256(secret, J) ‖ J)."""

    def __init__(self, secret: bytes) -> None:
        self._secret = secret

    def sign(self, position: UploadPosition) -> str:
        """The state as text for a query."""
        text = json.dumps(
            {"Name": position.name, "UUID": position.uuid, "Offset": position.size, "Number": position.number},
            separators=(",", ":"),
        ).encode()
        return urlsafe_b64encode(self._signature(text) + text).decode("ascii")

    def verify(self, state: str | None, name: str, uuid: str) -> UploadPosition:
        """The position that a state holds; raises BlobUploadInvalid where it is not ours, or another upload's."""
        if state is None or len(state) > _MAX_TEXT:
            raise BlobUploadInvalid("use the Location of the last answer unchanged: its _state is missing")
        try:
            raw = urlsafe_b64decode(state.encode("ascii"))
        except (binascii.Error, UnicodeEncodeError) as error:
            raise BlobUploadInvalid("_state is not ours") from error
        signature, text = raw[:_SIGNATURE], raw[_SIGNATURE:]
        if not hmac.compare_digest(signature, self._signature(text)):
            raise BlobUploadInvalid("_state is not ours")
        fields = json.loads(text)
        if fields["Name"] != name or fields["UUID"] != uuid:
            raise BlobUploadInvalid("_state belongs to another upload")
        return UploadPosition(name, uuid, fields["Number"], fields["Offset"])

    def _signature(self, text: bytes) -> bytes:
        return hmac.digest(self._secret, text, "sha256")
