"""A key set behind an https URL."""

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
"""Seconds that a whole fetch may take, and every step of it."""

PAUSE: Final = 10.0
"""Seconds between two fetches at the least, whatever they are for."""

_NOTHING: Final = Trusted.of(())

_log = logging.getLogger(__name__)


class FetchedKeys:
    """Keys from a URL, fetched when they are first asked for and again after ``refresh`` seconds.

    One thread fetches at a time, and the others go on with the keys that there are. What cannot be fetched is logged,
    and the keys of before stay in use. Redirects are not followed.
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
        """The keys of now; none where none could be fetched yet."""
        if self._clock() >= self._due:
            self._fetch()
        return self._trusted or _NOTHING

    def refresh(self) -> bool:
        """Fetch before it is due, for a token names a key that is not there; whether there is something new."""
        before = self._trusted
        self._fetch()
        return self._trusted is not before

    def close(self) -> None:
        """Close the connections; again is harmless."""
        self._client.close()

    def _fetch(self) -> None:
        # Without keys there is nothing to go on with, so those who came later wait for the one who fetches.
        if not self._lock.acquire(blocking=self._trusted is None):
            return
        try:
            if self._clock() < self._next:
                return
            try:
                self._trusted = parse_jwks(self._get(), secrets=False)
            except (httpx.HTTPError, ValueError) as error:
                kept = "no token can be verified by it" if self._trusted is None else "the keys of before stay in use"
                _log.error("the keys of %s cannot be fetched, %s: %s", self._url, kept, error)
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
                raise ValueError(f"the server answers {response.status_code}, and has to answer 200")
            for chunk in response.iter_raw():
                content += chunk
                if len(content) > MAX_SIZE:
                    raise ValueError(f"the answer has more than {MAX_SIZE} bytes")
                if time.monotonic() > end:
                    raise ValueError(f"the answer took more than {TIMEOUT:.0f} seconds")
        return bytes(content)
