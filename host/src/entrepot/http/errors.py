"""How errors are answered: Distribution's JSON, whatever went wrong."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from typing import Any, Final

import falcon

from entrepot.errors import RegistryError, StorageFull, Unavailable, Unsupported
from entrepot.http.content import json_body
from entrepot.logs.repeats import Repeats
from entrepot_contract import Denied, IntegrityError, NoSpace, StorageError, Throttled
from entrepot_contract import Unsupported as StorageUnsupported

__all__ = ["install_error_handlers"]

_log = logging.getLogger(__name__)

_CODES: Final = {
    falcon.HTTP_404: "UNSUPPORTED",
    falcon.HTTP_405: "UNSUPPORTED",
    falcon.HTTP_413: "SIZE_INVALID",
    falcon.HTTP_416: "RANGE_INVALID",
    falcon.HTTP_429: "TOOMANYREQUESTS",
}
_RETRY_AFTER: Final = 5
_OF_CONTENT: Final = ("Cache-Control", "ETag", "Docker-Content-Digest", "Content-Range")

_MENDABLE: Final = (NoSpace, Denied, StorageUnsupported, IntegrityError)
"""Beside what is retryable: faults of the storage that its operator mends, and none of a program."""

Params = dict[str, Any]


def install_error_handlers(app: falcon.App[falcon.Request, falcon.Response]) -> None:
    """Let every exception of a request become a JSON answer."""
    repeats = Repeats()

    def log_and_answer_storage(req: falcon.Request, resp: falcon.Response, error: StorageError, params: Params) -> None:
        _log_storage(req, error, repeats)
        _answer_storage(req, resp, error, params)

    app.add_error_handler(Exception, _answer_unknown)
    app.add_error_handler(falcon.HTTPError, _answer_http)
    app.add_error_handler(StorageError, log_and_answer_storage)
    app.add_error_handler(RegistryError, _answer_registry)


def _answer_registry(req: falcon.Request, resp: falcon.Response, error: RegistryError, params: Params) -> None:
    _answer(resp, error.status, [error.as_json()])
    for name, value in error.headers.items():
        resp.set_header(name, value)


def _answer_storage(req: falcon.Request, resp: falcon.Response, error: StorageError, params: Params) -> None:
    if isinstance(error, NoSpace):
        _answer_registry(req, resp, StorageFull(), params)
    elif error.retryable:
        wait = error.retry_after if isinstance(error, Throttled) else None
        seconds = _RETRY_AFTER if wait is None else max(1, round(wait.total_seconds()))
        told = Unavailable("the storage does not answer", headers={"Retry-After": str(seconds)})
        _answer_registry(req, resp, told, params)
    else:
        _answer_registry(req, resp, RegistryError("the storage failed; the log of the registry says how"), params)


def _log_storage(req: falcon.Request, error: StorageError, repeats: Repeats) -> None:
    if not error.retryable and not isinstance(error, _MENDABLE):
        _log.error("%s %s: %s", req.method, req.path, error, exc_info=error.__cause__)
        return
    # The message says all that there is to know, and every request fails alike until somebody has mended it.
    damaged = error.key if isinstance(error, IntegrityError) else None
    left_out = repeats.left_out((type(error), error.driver, error.operation, damaged))
    if left_out is not None:
        _log.error("%s %s: %s repeats_left_out=%d", req.method, req.path, error, left_out)


def _answer_http(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: Params) -> None:
    status = falcon.code_to_http_status(error.status)
    resp.set_headers(error.headers or {})
    entry = {"code": _CODES.get(status, Unsupported.code), "message": (error.title or status).lower()}
    if error.description:
        entry["detail"] = error.description
    _answer(resp, status, [entry])


def _answer_unknown(req: falcon.Request, resp: falcon.Response, error: Exception, params: Params) -> None:
    _log.error("%s %s failed", req.method, req.path, exc_info=error)
    _answer(resp, RegistryError.status, [RegistryError().as_json()])


def _answer(resp: falcon.Response, status: int | str, entries: Iterable[object]) -> None:
    resp.status = status
    resp.stream = None
    # They were said of the content that now does not come, and a cache would keep the error for as long.
    for name in _OF_CONTENT:
        resp.delete_header(name)
    resp.content_type = "application/json"
    resp.data = json_body({"errors": list(entries)})
