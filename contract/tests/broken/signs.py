"""Drivers with a broken ``sign_url``, and the correct one that they are derived from."""

from __future__ import annotations

import hmac
import re
import threading
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar
from urllib.parse import parse_qs, unquote, urlsplit

from contract.tests.broken.register import caught_by
from contract.tests.honest import HonestDriver

from entrepot_contract import NotFound, SignedMethod, StorageError, Unsupported


class Site(ThreadingHTTPServer):
    """Serves the objects of one driver on a free port of this machine."""

    def __init__(self, driver: SigningDriver) -> None:
        super().__init__(("127.0.0.1", 0), Page)
        self.driver = driver
        self.thread = threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True)
        self.thread.start()


class Page(BaseHTTPRequestHandler):
    """One request with a signed URL."""

    server: Site

    def do_GET(self) -> None:
        url = urlsplit(self.path)
        asked = parse_qs(url.query)
        driver = self.server.driver
        if not driver.allows(self.command, unquote(url.path[1:]), asked):
            self.send_error(403)
            return
        try:
            with driver.read(unquote(url.path[1:])) as reader:
                data = b"".join(reader)
        except NotFound:
            self.send_error(404)
            return
        wanted = re.fullmatch(r"bytes=(\d+)-(\d*)", self.headers.get("Range", ""))
        status = 206 if wanted and driver.ranges else 200
        if wanted and driver.ranges:
            data = data[int(wanted[1]) : int(wanted[2]) + 1 if wanted[2] else None]
        self.send_response(status)
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        if self.command == "GET":
            with suppress(ConnectionError):
                self.wfile.write(data[driver.skips :] + b"\0" * driver.skips)

    do_HEAD = do_GET  # noqa: N815 - the name that http.server calls

    def do_DELETE(self) -> None:
        url = urlsplit(self.path)
        size = int(self.headers.get("Content-Length", "0"))
        self.rfile.read(size)
        if self.server.driver.writes and self.server.driver.allows("GET", url.path[1:], parse_qs(url.query)):
            self.server.driver.delete([url.path[1:]])
            self.send_response(204)
            self.end_headers()
        else:
            self.send_error(405)

    do_PUT = do_POST = do_PATCH = do_DELETE  # noqa: N815 - as above

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base's name
        return None


class SigningDriver(HonestDriver):
    """Implements the contract correctly, and signs URLs."""

    ranges: ClassVar[bool] = True
    ends: ClassVar[bool] = True
    skips: ClassVar[int] = 0
    writes: ClassVar[bool] = False
    site: Site | None = None

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        if method not in self.capabilities.signed_urls:
            raise self.fail(Unsupported, "sign_url", key)
        self.site = self.site or Site(self)
        until = time.time() + expires.total_seconds()
        signature = self.signature(method, key, str(until))
        return f"http://127.0.0.1:{self.site.server_port}/{key}?method={method}&until={until}&signature={signature}"

    def signature(self, method: str, key: str, until: str) -> str:
        return hmac.new(b"secret", f"{method} {key} {until}".encode(), "sha256").hexdigest()

    def allows(self, method: str, key: str, asked: Mapping[str, Sequence[str]]) -> bool:
        if not {"method", "until", "signature"} <= asked.keys() or asked["method"][0] != method:
            return False
        until = asked["until"][0]
        signed = hmac.compare_digest(asked["signature"][0], self.signature(method, key, until))
        return signed and (time.time() <= float(until) or not self.ends)

    def close(self) -> None:
        if self.site is not None:
            self.site.shutdown()
            self.site.server_close()
            self.site.thread.join()
            self.site = None


@caught_by("test_sign_returns_a_url_or_raises_unsupported")
class SignAnswersNothing(HonestDriver):
    """Returns an empty URL instead of raising."""

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        return ""


@caught_by("test_sign_returns_a_url_or_raises_unsupported")
class SignRaisesAnything(HonestDriver):
    """Raises an error other than Unsupported."""

    def sign_url(self, key: str, method: SignedMethod, expires: timedelta) -> str:
        raise self.fail(StorageError, "sign_url", key)


@caught_by("test_signed_url_serves_the_object", signed=["GET", "HEAD"])
class SignServesOtherBytes(SigningDriver):
    """Serves other content."""

    skips = 1


@caught_by("test_signed_url_honours_range", signed=["GET"])
class SignForgetsRanges(SigningDriver):
    """Serves the complete object, whatever range is requested."""

    ranges = False


@caught_by("test_signed_url_expires", signed=["HEAD"])
class SignNeverEnds(SigningDriver):
    """Signs URLs that never expire."""

    ends = False
