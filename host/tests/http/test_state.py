"""The state in an upload's URL must be signed by this registry, or the upload is not changed."""

from __future__ import annotations

from base64 import urlsafe_b64decode, urlsafe_b64encode
from dataclasses import replace
from urllib.parse import quote

import pytest
from host.tests.registry.examples import some_examples
from hypothesis import given
from hypothesis import strategies as st
from support.content import digest_of
from support.host import HTTP, Process

from entrepot.errors import BlobUploadInvalid
from entrepot.http.state import StateSigner, UploadPosition
from entrepot_contract import StorageDriver

POSITION = UploadPosition("app/a", "01234567-0123-0123-0123-0123456789ab", 3, 12345)
SIGNER = StateSigner(b"the secret")
STATE = SIGNER.sign(POSITION)


def verify(state: str | None) -> UploadPosition:
    return SIGNER.verify(state, POSITION.name, POSITION.uuid)


@some_examples
@given(st.integers(0, 10**6), st.integers(0, 2**60), st.binary(max_size=40))
def test_a_signed_state_is_verified_unchanged(number: int, size: int, secret: bytes) -> None:
    signer, position = StateSigner(secret), replace(POSITION, number=number, size=size)
    assert signer.verify(signer.sign(position), position.name, position.uuid) == position


def test_a_state_has_distributions_format() -> None:
    raw = urlsafe_b64decode(STATE)
    assert len(STATE) % 4 == 0
    assert raw[32:].startswith(b'{"Name":"app/a","UUID":"01234567-0123-0123-0123-0123456789ab","Offset":12345,')


@some_examples
@given(st.data())
def test_a_state_with_any_bit_changed_is_rejected(data: st.DataObject) -> None:
    raw = bytearray(urlsafe_b64decode(STATE))
    raw[data.draw(st.integers(0, len(raw) - 1))] ^= 1 << data.draw(st.integers(0, 7))
    with pytest.raises(BlobUploadInvalid):
        verify(urlsafe_b64encode(raw).decode())


@some_examples
@given(st.integers(0, len(STATE)), st.integers(0, len(STATE)), st.text(max_size=6))
def test_a_state_with_text_replaced_has_the_same_bytes_or_is_rejected(start: int, end: int, text: str) -> None:
    changed = STATE[:start] + text + STATE[end:]
    try:
        assert verify(changed) == POSITION
    except BlobUploadInvalid:
        return
    # Base64 ignores characters outside of its alphabet, which is safe: the signed bytes are the same.
    assert urlsafe_b64decode(changed) == urlsafe_b64decode(STATE)


@some_examples
@given(st.none() | st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: urlsafe_b64encode(raw).decode()))
def test_an_unsigned_state_is_rejected(state: str | None) -> None:
    with pytest.raises(BlobUploadInvalid):
        verify(state)


@pytest.mark.parametrize("state", ["", "A" * 3000, STATE + "A" * 3000])
def test_a_state_that_is_empty_or_too_long_is_rejected(state: str) -> None:
    with pytest.raises(BlobUploadInvalid):
        verify(state)


@pytest.mark.parametrize(("name", "uuid"), [("app/b", POSITION.uuid), (POSITION.name, "another")])
def test_a_state_of_another_upload_is_rejected(name: str, uuid: str) -> None:
    with pytest.raises(BlobUploadInvalid, match="another upload"):
        SIGNER.verify(STATE, name, uuid)


def test_a_state_with_another_secret_is_rejected() -> None:
    with pytest.raises(BlobUploadInvalid):
        StateSigner(b"another").verify(STATE, POSITION.name, POSITION.uuid)


@pytest.mark.parametrize("method", ["PATCH", "PUT"])
@pytest.mark.parametrize("forged", ["", "_state=", "_state=abc", "_state=" + quote(STATE), "_state=%00%ff"])
def test_a_forged_state_does_not_change_the_upload(host: Process, method: str, forged: str) -> None:
    location = host.patch(host.start("app"), b"first")
    path = location.partition("?")[0]
    answer = host.request(method, f"{path}?{forged}&digest={digest_of(b'first')}", b"forged")
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (404, "BLOB_UPLOAD_INVALID")
    assert host.finish(location, digest_of(b"first")).status_code == 201


def test_hosts_with_different_secrets_reject_each_others_states(host: Process, driver: StorageDriver) -> None:
    stranger = Process(driver, http=replace(HTTP, secret=b"another"))
    location = host.start("app")
    assert stranger.request("PATCH", location, b"x").status_code == 404
    assert host.request("PATCH", location, b"x").status_code == 202


@pytest.mark.parametrize(
    "uuid", ["x", "..", "01234567-0123-0123-0123-0123456789AB", "01234567012301230123-0123456789ab"]
)
@pytest.mark.parametrize("method", ["GET", "PATCH", "PUT", "DELETE"])
def test_an_upload_with_an_invalid_id_is_unknown(host: Process, method: str, uuid: str) -> None:
    answer = host.request(method, f"/v2/app/blobs/uploads/{uuid}?digest={digest_of(b'')}")
    assert (answer.status_code, answer.json["errors"][0]["code"]) == (404, "BLOB_UPLOAD_UNKNOWN")
