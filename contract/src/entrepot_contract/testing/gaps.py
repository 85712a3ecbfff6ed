"""Sentences that no generic test can prove, or only in part, with the reason; every report shows them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

__all__ = ["NOT_PROVEN"]

STORAGE: Final = {
    ("put", "Where ``durable`` is claimed, the object survives power loss from then on."): (
        "no test here cuts the power; the kit only kills processes"
    ),
    ("upload_commit", "Where ``durable`` is claimed, the object survives power loss from then on."): (
        "no test here cuts the power; the kit only kills processes"
    ),
    ("read", "A broken connection raises Unavailable from the iterator"): (
        "the kit cannot break a backend's connections; it deletes and overwrites objects under their readers"
    ),
    ("list_objects", "Pages are fetched as they are needed: the first item costs no full listing."): (
        "calls of the backend cannot be seen from outside; the kit pages through 2,500 keys and stops early"
    ),
    ("move", "A crash between may leave both, never neither."): (
        "the kit kills processes that move, but cannot choose the moment between the two steps"
    ),
    ("delete", "many in few calls of the backend"): "calls of the backend cannot be seen from outside",
    ("upload_commit", "on the backend's side, and never through the host"): "the way of the bytes cannot be seen",
}

AUTH: Final = {
    ("Identity", "``stamp`` changes whenever the user's credential changes"): (
        "the kit changes no user's credential; it compares the stamps of a credential and of its user"
    ),
    ("user", "with the groups and the stamp of now"): "the kit changes no user while the authenticator is open",
    (
        "authenticate",
        "expired",
    ): "the kit waits for no credential's end; the suite may bring one that has expired",
    ("__init__", "Raises ConfigError where a file cannot be used."): (
        "the kit takes files away; what a file has to hold it does not know"
    ),
    ("__init__", "open no connection, start no thread"): "it sees sockets, files and threads of Python, not of C code",
    ("authenticate", "Wrong credentials cost the same time whether or not the user exists."): (
        "times of the processor are compared within a factor of 3, where the suite gives pairs"
    ),
}

NOTIFY: Final = {
    ("__init__", "Raises ConfigError where a file cannot be used."): (
        "the kit takes files away; what a file has to hold it does not know"
    ),
    ("__init__", "open no connection, start no thread"): "it sees sockets, files and threads of Python, not of C code",
    ("deliver", "It returns or raises within the timeout and half a second, however the other side behaves."): (
        "places that cannot be reached, hang or refuse are the suite's; none of the kit's sends a byte now and then"
    ),
    ("deliver", "Where the other side cannot be reached or does not answer, it raises Undelivered."): (
        "one that does not answer is the suite's to give"
    ),
    (
        "deliver",
        "The host never tells two events of one repository at the same time; it calls from several threads.",
    ): "what the host does is proven by its own tests",
    ("deliver", "what was handed over with an error is told again."): "by the host, whose own tests prove it",
}

NOT_PROVEN: Final[Mapping[str, Mapping[tuple[str, str], str]]] = {"storage": STORAGE, "auth": AUTH, "notify": NOTIFY}
"""By kit, and there by verb and sentence."""
