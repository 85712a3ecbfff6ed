"""Drivers whose signed URLs allow too much, or serve the wrong object."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import timedelta

from contract.tests.broken.register import caught_by
from contract.tests.broken.signs import SigningDriver

from entrepot_contract import Reader, SignedMethod

BOTH = ["GET", "HEAD"]


@caught_by("test_signed_url_allows_no_writing", signed=BOTH)
class SignedUrlsWrite(SigningDriver):
    """Serves every method to who has a signed URL."""

    writes = True


@caught_by("test_signed_url_cannot_be_edited", signed=BOTH)
class SignaturesLeaveTheKey(SigningDriver):
    """Signs only the method and the time."""

    def signature(self, method: str, key: str, until: str) -> str:
        return super().signature(method, "", until)


@caught_by("test_signed_url_cannot_be_edited", signed=["GET"])
class SignaturesLeaveTheTime(SigningDriver):
    """Signs only the method and the key."""

    def signature(self, method: str, key: str, until: str) -> str:
        return super().signature(method, key, "")


@caught_by("test_signed_url_cannot_be_edited", signed=["HEAD"])
class SignedObjectsArePublic(SigningDriver):
    """Checks a signature only if there is one."""

    def allows(self, method: str, key: str, asked: Mapping[str, Sequence[str]]) -> bool:
        return not asked or super().allows(method, key, asked)


@caught_by("test_signed_urls_serve_objects_of_any_key", signed=BOTH)
class SignsTheLowerCase(SigningDriver):
    """Signs the key in lower case."""

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        return super().sign_url(key.lower(), method, expires)


@caught_by("test_signed_urls_serve_objects_of_any_key", signed=["GET"])
class SignsAsAForm(SigningDriver):
    """Replaces two underscores by a slash in a URL."""

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        return super().sign_url(re.sub("__", "/", key), method, expires)


@caught_by("test_signed_urls_serve_ranges_of_uploaded_objects", signed=["GET"])
class SignedRangesEndAtParts(SigningDriver):
    """Serves only the first part of an uploaded object."""

    def read(self, key: str, *, offset: int = 0, length: int | None = None) -> Reader:
        part = self.capabilities.part_size_hint
        if length is None and not offset and self.stat(key).size > part:
            length = part
        return super().read(key, offset=offset, length=length)
