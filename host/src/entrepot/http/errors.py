"""Error handlers: every error is returned as Distribution's JSON."""

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

_OPERATIONAL: Final = (NoSpace, Denied, StorageUnsupported, IntegrityError)
"""Besides retryable errors: failures of the storage that its operator can fix, as opposed to defects of a program."""

Params = dict[str, Any]


def install_error_handlers(app: falcon.App[falcon.Request, falcon.Response]) -> None:
    """Convert every exception of a request to a JSON response."""
    repeats = Repeats()

    def log_and_respond(req: falcon.Request, resp: falcon.Response, error: StorageError, params: Params) -> None:
        _log_storage(req, error, repeats)
        _respond_storage(req, resp, error, params)

    app.add_error_handler(Exception, _respond_unknown)
    app.add_error_handler(falcon.HTTPError, _respond_http)
    app.add_error_handler(StorageError, log_and_respond)
    app.add_error_handler(RegistryError, _respond_registry)


def _respond_registry(req: falcon.Request, resp: falcon.Response, error: RegistryError, params: Params) -> None:
    _respond(resp, error.status, [error.as_json()])
    for name, value in error.headers.items():
        resp.set_header(name, value)


def _respond_storage(req: falcon.Request, resp: falcon.Response, error: StorageError, params: Params) -> None:
    if isinstance(error, NoSpace):
        _respond_registry(req, resp, StorageFull(), params)
    elif error.retryable:
        wait = error.retry_after if isinstance(error, Throttled) else None
        seconds = _RETRY_AFTER if wait is None else max(1, round(wait.total_seconds()))
        unavailable = Unavailable("the storage is unavailable", headers={"Retry-After": str(seconds)})
        _respond_registry(req, resp, unavailable, params)
    else:
        _respond_registry(req, resp, RegistryError("the storage failed; see the log of the registry"), params)


def _log_storage(req: falcon.Request, error: StorageError, repeats: Repeats) -> None:
    if not error.retryable and not isinstance(error, _OPERATIONAL):
        _log.error("storage error: method=%s path=%s error=%s", req.method, req.path, error, exc_info=error.__cause__)
        return
    # The message is complete without a traceback, and every request fails in the same way until it is fixed.
    damaged = error.key if isinstance(error, IntegrityError) else None
    left_out = repeats.left_out((type(error), error.driver, error.operation, damaged))
    if left_out is not None:
        _log.error(
            "storage error: method=%s path=%s error=%s repeats_left_out=%d", req.method, req.path, error, left_out
        )


def _respond_http(req: falcon.Request, resp: falcon.Response, error: falcon.HTTPError, params: Params) -> None:
    status = falcon.code_to_http_status(error.status)
    resp.set_headers(error.headers or {})
    entry = {"code": _CODES.get(status, Unsupported.code), "message": (error.title or status).lower()}
    if error.description:
        entry["detail"] = error.description
    _respond(resp, status, [entry])


def _respond_unknown(req: falcon.Request, resp: falcon.Response, error: Exception, params: Params) -> None:
    _log.error("request failed: method=%s path=%s", req.method, req.path, exc_info=error)
    _respond(resp, RegistryError.status, [RegistryError().as_json()])


def _respond(resp: falcon.Response, status: int | str, entries: Iterable[object]) -> None:
    resp.status = status
    resp.stream = None
    # These describe the content that is now not sent, and caches would keep the error for as long.
    for name in _OF_CONTENT:
        resp.delete_header(name)
    resp.content_type = "application/json"
    resp.data = json_body({"errors": list(entries)})
