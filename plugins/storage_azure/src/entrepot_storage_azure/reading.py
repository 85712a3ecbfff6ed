"""Reads with one GET each; the SDK's own download makes a request for every few MiB."""

from __future__ import annotations

from collections.abc import Iterator
from email.utils import parsedate_to_datetime

from azure.core.rest import HttpRequest, HttpResponse

from entrepot_contract import ObjectInfo, RangeError, StorageError, Unavailable
from entrepot_contract.toolkit.reading import BodyReader
from entrepot_storage_azure.account import Account
from entrepot_storage_azure.failures import NAME, Reporting, failure
from entrepot_storage_azure.listing import info_of

__all__ = ["open_reader"]

VERSION = "2021-12-02"
"""The API version; responses to GET have not changed since."""


def open_reader(account: Account, name: str, key: str, offset: int, length: int | None) -> BodyReader:
    """Return a reader of a blob, starting at ``offset``."""
    if length == 0:
        return _nothing(account, name, key, offset)
    source = account.source(name)
    headers = {"x-ms-version": VERSION}
    if source.authorization is not None:
        headers["Authorization"] = source.authorization
    if offset or length:
        headers["x-ms-range"] = f"bytes={offset}-{'' if length is None else offset + length - 1}"
    answer = account.send(HttpRequest("GET", source.url, headers=headers))
    if answer.status_code == 416:
        answer.close()
        return _nothing(account, name, key, offset)
    if answer.status_code not in (200, 206):
        answer.close()
        raise account.refusal(answer.status_code, answer.headers, "read", key)
    try:
        sent = int(answer.headers["Content-Length"])
        size = int(answer.headers.get("Content-Range", f"/{sent}").rpartition("/")[2])
        modified = parsedate_to_datetime(answer.headers["Last-Modified"])
        info = ObjectInfo(key, size, modified, answer.headers["ETag"].strip('"'))
    except (KeyError, ValueError) as error:
        # The SDK takes a connection that ends within the headers for a response without the others.
        answer.close()
        raise failure(Unavailable, "read", key, "the response is incomplete") from error
    chunks = _chunks(answer, account.reporting("read", key))
    return BodyReader(info, chunks, sent, driver=NAME, close=answer.close, failed=_broken)


def _chunks(answer: HttpResponse, report: Reporting) -> Iterator[bytes]:
    with report:
        yield from answer.iter_raw()


def _broken(error: Exception) -> StorageError:
    """Translate exceptions of the HTTP library that azure-core does not wrap."""
    return failure(Unavailable, "read", None, f"the connection broke during the body: {type(error).__name__}")


def _nothing(account: Account, name: str, key: str, offset: int) -> BodyReader:
    info = info_of(key, account.blob(name).get_blob_properties())
    if offset > info.size:
        message = f"offset {offset} is past the end of the object ({info.size} bytes)"
        raise failure(RangeError, "read", key, message)
    return BodyReader(info, iter(()), 0, driver=NAME, close=lambda: None, failed=_broken)
