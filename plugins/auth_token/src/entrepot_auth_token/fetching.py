"""A key set fetched from an https URL."""

from __future__ import annotations

import logging
import ssl
import threading
import time
from collections.abc import Callable
from typing import Final

import httpx

from entrepot_auth_token.jwks import parse_jwks
from entrepot_auth_token.keys import Trusted

__all__ = ["FetchedKeys"]

MAX_SIZE: Final = 2**20
TIMEOUT: Final = 5.0
"""Timeout of a fetch and of each of its steps, in seconds."""

PAUSE: Final = 10.0
"""Minimum interval between two fetches, in seconds."""

_NOTHING: Final = Trusted.of(())

_log = logging.getLogger(__name__)


class FetchedKeys:
    """Keys from a URL, fetched on first use and again after ``refresh`` seconds.

    One thread fetches at a time while the others use the current keys. If a fetch fails, the error is logged and the
    previous keys stay in use. Redirects are not followed.
    """

    def __init__(
        self, url: str, context: ssl.SSLContext | None, refresh: float, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._url = url
        self._refresh = refresh
        self._clock = clock
        self._client = httpx.Client(
            verify=True if context is None else context,
            timeout=TIMEOUT,
            headers={"Accept": "application/json", "Accept-Encoding": "identity"},
        )
        self._lock = threading.Lock()
        self._trusted: Trusted | None = None
        self._due = self._next = clock()

    def value(self) -> Trusted:
        """Return the current keys; empty if none could be fetched yet."""
        if self._clock() >= self._due:
            self._fetch()
        return self._trusted or _NOTHING

    def refresh(self) -> bool:
        """Fetch early, because a token names an unknown key. Return whether the keys changed."""
        before = self._trusted
        self._fetch()
        return self._trusted is not before

    def close(self) -> None:
        """Close the connections. Idempotent."""
        self._client.close()

    def _fetch(self) -> None:
        # Without any keys, the other threads have to wait for the one that fetches.
        if not self._lock.acquire(blocking=self._trusted is None):
            return
        try:
            if self._clock() < self._next:
                return
            try:
                self._trusted = parse_jwks(self._get(), secrets=False)
            except (httpx.HTTPError, ValueError) as error:
                kept = "no keys available" if self._trusted is None else "previous keys stay in use"
                _log.error("fetching the key set failed, %s: %s: %s", kept, self._url, error)
                self._next = self._due = self._clock() + PAUSE
            else:
                self._next = self._clock() + PAUSE
                self._due = self._clock() + self._refresh
        finally:
            self._lock.release()

    def _get(self) -> bytes:
        end = time.monotonic() + TIMEOUT
        content = bytearray()
        with self._client.stream("GET", self._url) as response:
            if response.status_code != httpx.codes.OK:
                raise ValueError(f"unexpected status {response.status_code}")
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > MAX_SIZE:
                    raise ValueError(f"the response is larger than {MAX_SIZE} bytes")
                if time.monotonic() > end:
                    raise ValueError(f"the response took more than {TIMEOUT:.0f} seconds")
        return bytes(content)
