"""The SDK's clients, created on first use."""

from __future__ import annotations

import random
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import cache, partial
from hashlib import md5
from threading import Lock
from typing import TYPE_CHECKING, Any, Final, Literal, cast

import boto3
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ConnectionClosedError
from botocore.loaders import Loader, create_loader
from botocore.session import get_session
from botocore.utils import parse_timestamp

from entrepot_contract import ConfigError
from entrepot_storage_s3.failures import Reporting, failure
from entrepot_storage_s3.options import S3Options

if TYPE_CHECKING:
    from collections.abc import Callable

    from botocore.awsrequest import AWSResponse
    from botocore.model import OperationModel
    from mypy_boto3_s3 import S3Client

__all__ = ["Clients"]

Purpose = Literal["objects", "health", "urls"]

HEALTH_TIMEOUT: Final = 1.0
"""Connect timeout and read timeout of a health check, in seconds."""

CONNECTIONS: Final = 128
"""Maximum number of idle connections: one for each thread of a busy host."""


class Clients:
    """One thread-safe client for each purpose."""

    def __init__(self, options: S3Options) -> None:
        self._options = options
        self._lock = Lock()
        self._made: dict[Purpose, S3Client] = {}
        self._session: boto3.Session | None = None

    @property
    def objects(self) -> S3Client:
        """The client for objects."""
        return self._made.get("objects") or self._make("objects")

    @property
    def health(self) -> S3Client:
        """The client for health checks, with short timeouts and without retries."""
        return self._made.get("health") or self._make("health")

    @property
    def urls(self) -> S3Client:
        """The client for signed URLs, with the endpoint as registry clients reach it."""
        return self._made.get("urls") or self._make("urls")

    def close(self) -> None:
        """Close all connections. Idempotent."""
        with self._lock:
            made, self._made = self._made, {}
        for client in made.values():
            client.close()

    def _make(self, purpose: Purpose) -> S3Client:
        with self._lock:
            if purpose not in self._made:
                self._made[purpose] = self._client(purpose)
            return self._made[purpose]

    def _client(self, purpose: Purpose) -> S3Client:
        options = self._options
        endpoint = (options.redirectendpoint if purpose == "urls" else "") or options.regionendpoint
        if endpoint and "://" not in endpoint:
            endpoint = f"{'https' if options.secure else 'http'}://{endpoint}"
        try:
            # One session for all clients, because each looks up the credentials itself.
            session = self._session = self._session or _session(options)
            client = session.client(
                "s3",
                endpoint_url=endpoint or None,
                region_name=session.region_name or "us-east-1",
                use_ssl=options.secure,
                verify=False if options.skipverify else None,
                config=self._config(purpose),
            )
            client.meta.events.register_first(
                "needs-retry.s3", cast("Callable[..., None]", partial(_stay, bool(endpoint)))
            )
            if purpose == "objects":
                client.meta.events.register("needs-retry.s3", cast("Callable[..., None]", _pause))
                client.meta.events.register("before-call.s3.DeleteObjects", cast("Callable[..., None]", _with_md5))
        except ValueError as error:
            message = f"the SDK rejects the options: {error}; correct the endpoints, or the SDK's own profile"
            raise failure(ConfigError, "configure", None, message) from error
        except (BotoCoreError, OSError) as error:
            raise Reporting("configure").meaning(error) from error
        return client

    def _config(self, purpose: Purpose) -> Config:
        options = self._options
        style: Literal["auto", "path", "virtual"] = "path" if options.regionendpoint else "auto"
        if options.forcepathstyle is not None:
            style = "path" if options.forcepathstyle else "virtual"
        health = purpose == "health"
        return Config(
            signature_version="s3v4",
            connect_timeout=min(HEALTH_TIMEOUT, options.connecttimeout) if health else options.connecttimeout,
            read_timeout=min(HEALTH_TIMEOUT, options.readtimeout) if health else options.readtimeout,
            # The SDK's own retries would also repeat requests that timed out; see _pause.
            retries={"total_max_attempts": 1},
            max_pool_connections=1 if health else CONNECTIONS,
            tcp_keepalive=True,
            # The signature covers the SHA-256 of the body, which all servers verify; many support no other checksum.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            user_agent_extra=" ".join(("entrepot", options.useragent)).strip(),
            use_dualstack_endpoint=options.usedualstack,
            use_fips_endpoint=options.usefipsendpoint,
            s3={
                "addressing_style": style,
                "use_accelerate_endpoint": options.accelerate,
                "payload_signing_enabled": True,
            },
        )


@cache
def _loader(search_path: str | None) -> Loader:
    """Return the reader of the SDK's service descriptions.

    All drivers share it: they take 10 MB, and their reading takes most of the time to create a client.
    """
    return create_loader(search_path)


def _session(options: S3Options) -> boto3.Session:
    core = get_session()
    loader = _loader(core.get_config_variable("data_path"))
    core.register_component("data_loader", loader)
    session = boto3.Session(
        botocore_session=core,
        aws_access_key_id=options.accesskey or None,
        aws_secret_access_key=options.secretkey.get_secret_value() or None,
        aws_session_token=options.sessiontoken.get_secret_value() or None,
        region_name=options.region or None,
    )
    # Each session adds the same path.
    loader.search_paths[:] = dict.fromkeys(loader.search_paths)
    # The SDK's own timestamp parser takes a tenth of the time of a call.
    session._session.get_component("response_parser_factory").set_parser_defaults(timestamp_parser=_time)
    return session


def _stay(
    always: bool,
    request_dict: dict[str, Any],
    operation: OperationModel,
    response: tuple[AWSResponse, object] | None,
    **_: object,
) -> None:
    """Prevent the SDK from following a redirect that does not name the bucket's region.

    It would look up the region with a request that is redirected as well, and so on.
    """
    lost = operation.name == "HeadBucket" and response and "x-amz-bucket-region" not in response[0].headers
    if always or lost:
        request_dict["context"].setdefault("s3_redirect", {})["redirected"] = True


def _with_md5(params: dict[str, Any], **_: object) -> None:
    """Add the checksum that S3 required until 2024, and that many servers still require."""
    sums = md5(params["body"], usedforsecurity=False).digest()
    params["headers"]["Content-MD5"] = b64encode(sums).decode()


def _pause(
    attempts: int,
    caught_exception: Exception | None,
    response: tuple[AWSResponse, object] | None,
    **_: object,
) -> float | None:
    """Return the delay before the only retry of a request, or None if it is not retried.

    The host retries calls, but not appends, and not immediately. This retry covers an idle connection that the server
    has closed, and a single error response among hundreds of parts.
    """
    if attempts > 1:
        return None
    if isinstance(caught_exception, ConnectionClosedError):
        return 0
    if response is not None and response[0].status_code in {500, 502, 503, 504}:
        return random.uniform(0.05, 0.25)  # noqa: S311 - spreads load, no secret
    return None


def _time(value: str) -> datetime:
    with suppress(ValueError):
        return datetime.fromisoformat(value).astimezone(UTC)
    with suppress(ValueError):
        return parsedate_to_datetime(value).astimezone(UTC)
    return parse_timestamp(value).astimezone(UTC)
