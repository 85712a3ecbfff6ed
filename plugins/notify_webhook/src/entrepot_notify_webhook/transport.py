"""Posting a body to the endpoint, and what its answer means."""

from __future__ import annotations

import asyncio
import ssl
from base64 import b64encode
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from entrepot_contract.notify import Rejected, Undelivered
from entrepot_notify_webhook.loop import LoopThread

__all__ = ["Transport"]

_REDIRECTS: Final = frozenset({301, 302, 307, 308})
_MOST_REDIRECTS: Final = 5
_FINAL: Final = frozenset({400, 405, 406, 410, 413, 414, 415, 422})
"""Answers that the same body would get again (RFC 9110, 15.5); all others may be mended on the other side."""

_MOST_BYTES: Final = 64 * 2**10
"""What is read of an answer so that its connection can be used again."""

_MOST_AFTER: Final = timedelta(hours=1)


class Transport:
    """Connections to one endpoint, which are used again; thread-safe."""

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
        """Post a body, within the time whatever the other side does.

        Raises Undelivered, or Rejected where the same body would never be taken.
        """
        self._loop.run(self._post(body, headers, timeout.total_seconds()))

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
            raise Undelivered(f"{self._name} did not answer within {seconds:g} s") from error
        except (httpx.HTTPError, httpx.InvalidURL, ssl.SSLError, OSError) as error:
            raise Undelivered(f"{self._name} cannot be told: {type(error).__name__}: {error}") from error

    async def _follow(self, body: bytes, headers: Sequence[tuple[str, str]]) -> None:
        url = self._url
        for _ in range(_MOST_REDIRECTS + 1):
            status, answered = await self._ask(url, body, headers)
            if status not in _REDIRECTS or "location" not in answered:
                return self._judge(status, answered)
            target = url.join(answered["location"])
            if (target.scheme, target.host, target.port) != (url.scheme, url.host, url.port):
                raise Undelivered(
                    f"{self._name} answered {status} and sends to {target.scheme}://{target.host}, which is not "
                    "followed: if events are meant to go there, set it as the url"
                )
            url = target
        raise Undelivered(f"{self._name} redirects more than {_MOST_REDIRECTS} times")

    async def _ask(
        self, url: httpx.URL, body: bytes, headers: Sequence[tuple[str, str]]
    ) -> tuple[int, Mapping[str, str]]:
        if self._connections is None:
            # An operator's proxy for other programs is not for this one.
            self._connections = httpx.AsyncHTTPTransport(verify=self._tls, trust_env=False)
        # Not by a client of httpx: it logs the whole URL of each request, with the tokens in it.
        request = httpx.Request("POST", url, content=body, headers=[*self._headers, *headers])
        response = await self._connections.handle_async_request(request)
        try:
            seen = 0
            async for chunk in response.aiter_raw():
                seen += len(chunk)
                if seen > _MOST_BYTES:
                    break
        finally:
            await response.aclose()
        return response.status_code, response.headers

    def _judge(self, status: int, answered: Mapping[str, str]) -> None:
        if 200 <= status < 300:
            return
        if status in _FINAL:
            raise Rejected(f"{self._name} answered {status}: it will not take this")
        raise Undelivered(f"{self._name} answered {status}", retry_after=_retry_after(answered.get("retry-after")))

    @property
    def _name(self) -> str:
        """The endpoint without what may be secret in its URL: user, path and query."""
        port = f":{self._url.port}" if self._url.port is not None else ""
        return f"{self._url.scheme}://{self._url.host}{port}"


def _retry_after(value: str | None) -> timedelta | None:
    """Seconds or a date (RFC 9110, 10.2.3), at most an hour; None where it is neither."""
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
    return min(max(after, timedelta()), _MOST_AFTER)
