"""HTTP delivery to an endpoint, and interpretation of its response."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from concurrent.futures import CancelledError
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from entrepot_contract.notify import Rejected, Undelivered
from entrepot_notify_webhook.loop import LoopThread

__all__ = ["Transport"]

_REDIRECTS: Final = frozenset({301, 302, 307, 308})
_MAX_REDIRECTS: Final = 5
_FINAL: Final = frozenset({400, 405, 406, 410, 413, 414, 415, 422})
"""Statuses that a retry with the same body cannot change (RFC 9110, 15.5); all others may be temporary."""

_MAX_BYTES: Final = 64 * 2**10
"""Maximum number of bytes of a response that are read so that the connection can be reused."""

_MAX_RETRY_AFTER: Final = timedelta(hours=1)


class Transport:
    """A connection pool for one endpoint. Thread-safe."""

    def __init__(self, url: str, tls: ssl.SSLContext | bool) -> None:
        given = httpx.URL(url)
        self._url = given.copy_with(userinfo=b"")
        self._headers = (
            [("Authorization", f"Basic {b64encode(f'{given.username}:{given.password}'.encode()).decode()}")]
            if given.userinfo
            else []
        )
        self._tls = tls
        self._loop = LoopThread()
        self._connections: httpx.AsyncHTTPTransport | None = None

    def post(self, body: bytes, headers: Sequence[tuple[str, str]], timeout: timedelta) -> None:
        """Post a body. ``timeout`` applies to the whole request, including the response.

        Raises Undelivered if the delivery can be retried, and Rejected if the endpoint will never accept the body.
        """
        try:
            self._loop.run(self._post(body, headers, timeout.total_seconds()))
        except CancelledError as error:
            raise Undelivered(f"delivery to {self._name} ended, because the sink was closed") from error

    def close(self) -> None:
        """Close all connections."""
        if self._loop.running:
            self._loop.run(self._close())
            self._loop.close()

    async def _close(self) -> None:
        if self._connections is not None:
            await self._connections.aclose()
            self._connections = None

    async def _post(self, body: bytes, headers: Sequence[tuple[str, str]], seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._follow(body, headers)
        except TimeoutError as error:
            raise Undelivered(f"{self._name} did not respond within {seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise Undelivered(f"delivery to {self._name} failed: {type(error).__name__}: {error}") from error

    async def _follow(self, body: bytes, headers: Sequence[tuple[str, str]]) -> None:
        url = self._url
        for _ in range(_MAX_REDIRECTS + 1):
            status, received = await self._send(url, body, headers)
            if status not in _REDIRECTS or "location" not in received:
                return self._check(status, received)
            target = url.join(received["location"])
            if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port):
                raise Undelivered(
                    f"{self._name} answered {status} with a redirect to {target.scheme}://{target.host}, which is not "
                    "followed: to send events there, set it as the url"
                )
            url = target
        raise Undelivered(f"{self._name} redirected more than {_MAX_REDIRECTS} times")

    async def _send(
        self, url: httpx.URL, body: bytes, headers: Sequence[tuple[str, str]]
    ) -> tuple[int, Mapping[str, str]]:
        if self._connections is None:
            # Ignore proxy settings, which are meant for other programs.
            self._connections = httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False)
        # Not with httpx.AsyncClient, which logs the URL of each request including any tokens in it.
        request = httpx.Request("POST", url, content=body, headers=[*self._headers, *headers])
        response = await self._connections.handle_async_request(request)
        try:
            seen = 0
            async for chunk in response.aiter_raw():
                seen += len(chunk)
                if seen > _MAX_BYTES:
                    break
        finally:
            await response.aclose()
        return response.status_code, response.headers

    def _check(self, status: int, received: Mapping[str, str]) -> None:
        if 200 <= status < 300:
            return
        if status in _FINAL:
            raise Rejected(f"{self._name} answered {status} and will not accept this delivery")
        raise Undelivered(f"{self._name} answered {status}", retry_after=_retry_after(received.get("retry-after")))

    @property
    def _name(self) -> str:
        """The endpoint without the parts of the URL that may be secret: user, path and query."""
        port = f":{self._url.port}" if self._url.port is not None else ""
        return f"{self._url.scheme}://{self._url.host}{port}"


def _retry_after(value: str | None) -> timedelta | None:
    """Parse seconds or a date (RFC 9110, 10.2.3). Returns at most an hour, or None if the value is invalid."""
    if value is None:
        return None
    try:
        after = timedelta(seconds=int(value))
    except (ValueError, OverflowError):
        try:
            date = parsedate_to_datetime(value)
        except ValueError:
            return None
        after = (date if date.tzinfo is not None else date.replace(tzinfo=UTC)) - datetime.now(UTC)
    return min(max(after, timedelta()), _MAX_RETRY_AFTER)
