"""Requests to the JSON API, with credentials.

They use the session of google-auth instead of the SDK's blobs, whose downloads make a request for every chunk and whose
uploads copy each part three times.
"""

from __future__ import annotations

import os
import random
import time
from collections.abc import Mapping
from datetime import timedelta
from threading import Lock
from typing import Final, NamedTuple
from urllib.parse import quote

import google.auth
import requests
from google.auth.credentials import AnonymousCredentials, Credentials
from google.auth.exceptions import GoogleAuthError
from google.auth.transport.requests import AuthorizedSession
from google.cloud import storage  # type: ignore[import-untyped]  # the SDK has no types
from google.oauth2 import service_account
from requests.adapters import HTTPAdapter

from entrepot_contract import ConfigError, SignedMethod, StorageError
from entrepot_storage_gcs.failures import Call
from entrepot_storage_gcs.options import GcsOptions

__all__ = ["Client"]

_AGAIN: Final = frozenset({408, 429, 500, 502, 503, 504})
_SCOPES: Final = ("https://www.googleapis.com/auth/devstorage.read_write",)


class _Opened(NamedTuple):
    session: requests.Session
    sdk: storage.Client
    endpoint: str


class Client:
    """The client of one bucket; opens its session with the first request."""

    def __init__(self, options: GcsOptions) -> None:
        self.bucket = options.bucket
        self._options = options
        self._lock = Lock()
        self._opened: _Opened | None = None

    @property
    def signs(self) -> bool:
        """Whether there is a private key for signing URLs."""
        return self._options.keyfile is not None or self._options.credentials is not None

    def request(
        self,
        call: Call,
        method: str,
        path: str,
        *,
        params: Mapping[str, str | int] | None = None,
        json: object = None,
        data: object = None,
        headers: Mapping[str, str] | None = None,
        stream: bool = False,
        once: bool = False,
        accept: frozenset[int] = frozenset(),
        timeout: tuple[float, float] | None = None,
    ) -> requests.Response:
        """Make a request and return the response; retried once after a quick failure, unless ``once`` is set.

        Raises the contract's error for a status of 400 or above, unless ``accept`` contains it.
        """
        session, _, endpoint = self._open(call)
        again = not once
        while True:
            pause = random.uniform(0.1, 0.4)  # noqa: S311 - jitter, not for security
            try:
                answer = session.request(
                    method,
                    f"{endpoint}{path}",
                    params=params,
                    json=json,
                    data=data,  # type: ignore[arg-type]  # an iterable with a length, which requests also accepts
                    headers=headers,
                    stream=stream,
                    timeout=timeout or (self._options.connecttimeout, self._options.readtimeout),
                )
            except (requests.RequestException, GoogleAuthError) as error:
                # Do not wait for a timeout twice.
                if not again or not isinstance(error, requests.ConnectionError) or isinstance(error, requests.Timeout):
                    raise call.broken(error) from error
            else:
                if answer.status_code < 400 or answer.status_code in accept:
                    return answer
                if not again or answer.status_code not in _AGAIN:
                    raise call.refused(answer)
                answer.close()
            again = False
            time.sleep(pause)

    def path(self, name: str) -> str:
        """Return the path of an object's metadata."""
        return f"/storage/v1/b/{self.bucket}/o/{quote(name, safe='')}"

    def sign(self, call: Call, name: str, method: SignedMethod, expires: timedelta) -> str:
        """Return a V4 signed URL (https://cloud.google.com/storage/docs/access-control/signed-urls)."""
        _, sdk, endpoint = self._open(call)
        blob = sdk.bucket(self.bucket).blob(name)
        return str(
            blob.generate_signed_url(version="v4", expiration=expires, method=method, api_access_endpoint=endpoint)
        )

    def close(self) -> None:
        with self._lock:
            opened, self._opened = self._opened, None
        if opened is not None:
            opened.session.close()

    def _open(self, call: Call) -> _Opened:
        with self._lock:
            if self._opened is None:
                endpoint = self._options.endpoint or os.environ.get("STORAGE_EMULATOR_HOST")
                try:
                    credentials = self._credentials(endpoint or "")
                except (OSError, ValueError, GoogleAuthError) as error:
                    raise self._unusable(call, error) from error
                where = {"universe_domain": credentials.universe_domain} | (
                    {"api_endpoint": endpoint} if endpoint else {}
                )
                sdk = storage.Client(project="-", credentials=credentials, client_options=where)
                endpoint = str(sdk.api_endpoint)
                self._opened = _Opened(self._new_session(credentials, endpoint), sdk, endpoint)
            return self._opened

    def _credentials(self, endpoint: str) -> Credentials:
        # google-auth is only partly typed.
        if self._options.credentials is not None:
            content = self._options.credentials.get_secret_value()
            return service_account.Credentials.from_service_account_info(content, scopes=_SCOPES)  # type: ignore[no-any-return, no-untyped-call]
        if self._options.keyfile is not None:
            return service_account.Credentials.from_service_account_file(self._options.keyfile, scopes=_SCOPES)  # type: ignore[no-any-return, no-untyped-call]
        if endpoint.startswith("http://"):
            return AnonymousCredentials()  # type: ignore[no-untyped-call]
        return google.auth.default(scopes=_SCOPES)[0]

    def _unusable(self, call: Call, error: Exception) -> StorageError:
        if not self.signs:
            return call.broken(error)
        option = "keyfile" if self._options.keyfile else "credentials"
        reason = error.strerror if isinstance(error, OSError) else type(error).__name__
        return call.failure(ConfigError, f"option {option!r} does not contain a usable service account key: {reason}")

    def _new_session(self, credentials: Credentials, endpoint: str) -> requests.Session:
        session: requests.Session = AuthorizedSession(credentials)  # type: ignore[no-untyped-call]
        connections = self._options.maxconcurrency + self._options.uploadconcurrency
        session.mount(endpoint, HTTPAdapter(pool_connections=1, pool_maxsize=connections))
        session.headers["User-Agent"] = f"{self._options.useragent} entrepot-storage-gcs".strip()
        # Objects must not be decompressed in transit.
        session.headers["Accept-Encoding"] = "identity"
        # Read here and not for every request, where this takes a fifth of the time; .netrc is not used.
        session.proxies.update(requests.utils.get_environ_proxies(endpoint))
        session.verify = os.environ.get("REQUESTS_CA_BUNDLE") or True
        session.trust_env = False
        return session
