"""Sentences that no generic test can prove, or only partly, with the reason; every report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["NOT_PROVEN"]

STORAGE: Final = {
    ("put", "With the capability ``durable``, the object then survives power loss."): (
        "the kit cannot cut the power; it only kills processes"
    ),
    ("put", "a power loss may leave it missing, empty or damaged."): "the kit cannot cut the power",
    ("put", "Added in version 1.1, and not passed to drivers that were written for an older one."): (
        "done by the host and by ``for_current_contract``, and proven by their own tests"
    ),
    ("upload_commit", "With the capability ``durable``, the object then survives power loss."): (
        "the kit cannot cut the power; it only kills processes"
    ),
    (
        "StorageDriver",
        "but after Throttled it has not.",
    ): "the kit cannot make a backend limit the rate of its requests",
    (
        "StorageDriver",
        "The host repeats ``read``, ``stat``, ``list_objects``, ``delete``, ``put`` with OVERWRITE, ``upload_start``"
        " and ``upload_abort`` after retryable errors, but never ``move``, ``upload_append``, ``upload_commit``,"
        " ``delete_unchanged`` and ``put`` with CREATE.",
    ): "done by the host, and proven by its own tests",
    ("list_objects", "Pages are fetched on demand: the first item does not require a full listing."): (
        "requests to the backend cannot be observed; the kit pages through 2,500 keys and stops early"
    ),
    ("move", "A crash may leave both, never neither."): (
        "the kit kills processes during moves, but cannot choose the moment between the two steps"
    ),
    ("move", "What another caller writes to the source during a move may be lost."): "a permission, not a duty",
    ("delete", "many with few requests to the backend"): "requests to the backend cannot be observed",
    ("upload_commit", "and happens in the backend, without transferring the data through the host"): (
        "the path of the data cannot be observed"
    ),
}

AUTH: Final = {
    ("Identity", "``stamp`` changes whenever the user's credential changes"): (
        "credentials are changed only if the suite provides ``set_users``; otherwise stamps are compared"
    ),
    ("user", "with its current groups and stamp"): "users are changed only if the suite provides ``set_users``",
    (
        "authenticate",
        "expired",
    ): "the kit does not wait for a credential to expire; the suite may provide one that has expired, or ``sign``",
    ("__init__", "Raises ConfigError if a file cannot be used."): (
        "the kit removes files; it does not know what a file must contain"
    ),
    (
        "__init__",
        "open no connection, start no thread",
    ): "the kit observes sockets, files and threads of Python code, not of C code",
    ("authenticate", "Rejecting a wrong credential takes the same time whether or not the user exists."): (
        "CPU times are compared within a factor of 3, for Basic credentials and the pairs of the suite"
    ),
}

NOTIFY: Final = {
    ("__init__", "Raises ConfigError if a file cannot be used."): (
        "the kit removes files; it does not know what a file must contain"
    ),
    (
        "__init__",
        "open no connection, start no thread",
    ): "the kit observes sockets, files and threads of Python code, not of C code",
    ("deliver", "It returns or raises within the timeout plus half a second, however the endpoint behaves."): (
        "the suite provides endpoints that are unreachable, hang or reject; single bytes are sent slowly over HTTP only"
    ),
    ("deliver", "If the endpoint cannot be reached or does not respond, it raises Undelivered."): (
        "an endpoint that does not respond has to be provided by the suite"
    ),
    (
        "deliver",
        "The host never delivers two events of one repository concurrently; it calls from several threads.",
    ): "proven by the host's own tests",
    ("deliver", "after an error, all of them are delivered again."): "done by the host, and proven by its own tests",
}

SERVER: Final = {
    ("ServerDriver", "A server that cannot detect a truncated chunked body states this in its documentation."): (
        "the suite declares it with ``detects_truncated_chunks``"
    ),
    (
        "__init__",
        "open no socket, start no thread",
    ): "the kit observes sockets, files and threads of Python code, not of C code",
    ("CLOSE_CONNECTION", "It has no effect with HTTP/2."): "the kit speaks only HTTP/1.1",
    (
        "ServerSettings",
        "``http2``: whether to support HTTP/2 in addition to HTTP/1.1; ignored by a server that cannot.",
    ): "the kit speaks only HTTP/1.1",
    ("ServerSettings", "``shared``: whether several processes may use the storage;"): (
        "the application of the kit has no storage"
    ),
}

NOT_PROVEN: Final[Mapping[str, Mapping[tuple[str, str], str]]] = {
    "storage": STORAGE,
    "auth": AUTH,
    "notify": NOTIFY,
    "server": SERVER,
}
"""By kit, then by method and sentence."""
