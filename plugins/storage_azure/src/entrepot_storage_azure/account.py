"""The clients for a container, and the driver's credentials."""

from __future__ import annotations

import importlib.util
import logging
from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from threading import Lock
from typing import Any, Final, NamedTuple

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.transport import RequestsTransport
from azure.core.rest import HttpRequest, HttpResponse
from azure.storage.blob import (
    BlobClient,
    BlobSasPermissions,
    BlobServiceClient,
    ContainerClient,
    LinearRetry,
    UserDelegationKey,
    generate_blob_sas,
)

from entrepot_contract import ConfigError, StorageError
from entrepot_storage_azure.failures import Reporting, failure, refusal
from entrepot_storage_azure.options import AzureOptions, fields_of

__all__ = ["PATIENCE", "Account"]

PATIENCE: Final = 0.9
"""Connect timeout and read timeout of the driver's own requests (health, probes), in seconds."""

CHUNK: Final = 2**20
"""Number of bytes of a response that are read at a time."""

CONNECTIONS: Final = 64
REQUESTS: Final = logging.getLogger(f"{__name__}.requests")
# The SDK logs twenty lines for each request at level INFO.
REQUESTS.setLevel(logging.WARNING)
SCOPE: Final = "https://storage.azure.com/.default"
DELEGATION: Final = timedelta(days=7)
SKEW: Final = timedelta(minutes=15)


class Source(NamedTuple):
    """A URL and its Authorization header; one of them contains a secret."""

    url: str
    authorization: str | None


class Account:
    """The account and container; opens no connection before a client is first used."""

    def __init__(self, options: AzureOptions) -> None:
        self._options = options
        self._lock = Lock()
        self._service: BlobServiceClient | None = None
        self._container: ContainerClient | None = None
        self._plain: PipelineClient[HttpRequest, HttpResponse] | None = None
        self._delegation: tuple[UserDelegationKey, datetime] | None = None
        self._namespace_is_known = False
        connection = fields_of(options.connectionstring)
        self._name = connection.get("AccountName") or options.accountname
        self._key = connection.get("AccountKey") or options.accountkey.get_secret_value()
        self._token: TokenCredential | None = None
        wanted = "shared_key" if self._key else "default_credentials"
        self._type = (
            "sas" if connection and not self._key else options.credentials.type if options.credentials else wanted
        )
        if self.by_token and importlib.util.find_spec("azure.identity") is None:
            message = (
                f"credentials of type {self._type} require a package: pip install 'entrepot-storage-azure[identity]'"
            )
            raise failure(ConfigError, "configure", None, message)

    @property
    def by_token(self) -> bool:
        """Whether the driver authenticates with tokens of Microsoft Entra."""
        return self._type in {"client_secret", "default_credentials"}

    @property
    def can_sign(self) -> bool:
        """Whether URLs can be signed; impossible with a shared access signature."""
        return self._type != "sas"

    @property
    def container(self) -> ContainerClient:
        """The client of the container."""
        with self._lock:
            if self._container is None:
                transport, retry = _transport(self._options), _Retry(self._options)
                self._service = self._open(transport, retry)
                self._plain = PipelineClient(self._service.url, policies=[retry], transport=transport)
                self._container = self._service.get_container_client(self._options.container)
            return self._container

    def reporting(self, operation: str, key: str | None = None) -> Reporting:
        """Return a context manager that translates the SDK's exceptions into those of the contract."""
        return Reporting(self._options.container, operation, key)

    def refusal(self, status: int, headers: Mapping[str, str], operation: str, key: str) -> StorageError:
        """Return the contract's error for a response that the SDK does not translate."""
        return refusal(status, headers, self._options.container, operation, key)

    def blob(self, name: str) -> BlobClient:
        """Return a client for one blob."""
        return self.container.get_blob_client(name)

    def send(self, request: HttpRequest) -> HttpResponse:
        """Send a request that contains its own authorization; the body of the response is not read yet."""
        if self._plain is None:
            raise RuntimeError("the account is not open; get a URL first")
        return self._plain.send_request(request, stream=True)

    def source(self, name: str) -> Source:
        """Return the URL and authorization for reading a blob, by this host or by Azure for a copy."""
        blob = self.blob(name)
        if self._token is not None:
            return Source(blob.url, f"Bearer {self._token.get_token(SCOPE).token}")
        return Source(self.signed(name, timedelta(hours=1)) if self.can_sign else blob.url, None)

    def signed(self, name: str, expires: timedelta) -> str:
        """Return a signed URL for reading a blob."""
        blob = self.blob(name)
        end = datetime.now(UTC) + expires
        signature = generate_blob_sas(
            # Not the client's account name, which is guessed from a URL that may have any host.
            account_name=self._name,
            container_name=blob.container_name,
            blob_name=name,
            account_key=self._key or None,
            user_delegation_key=self._delegated(end) if self.by_token else None,
            permission=BlobSasPermissions(read=True),
            expiry=end,
            protocol="https" if blob.url.startswith("https:") else None,
        )
        return f"{blob.url}?{signature}"

    def check_namespace(self) -> None:
        """Raise ConfigError if the account has a hierarchical namespace; one request, repeated until Azure responds.

        With one, a directory remains and is listed after its last blob is deleted, and with it deleted tags.
        """
        if self._namespace_is_known:
            return
        once: dict[str, Any] = {"retry_total": 0, "connection_timeout": PATIENCE, "read_timeout": PATIENCE}
        try:
            found: Mapping[str, object] = self.container.get_account_information(**once)
        except AzureError as error:
            if not isinstance(error, HttpResponseError) or (error.status_code or 500) >= 500:
                return  # no response: checked again next time
            found = {}  # reading and writing may be allowed without permission for this request
        if found.get("is_hns_enabled") is True:
            message = (
                "the account has a hierarchical namespace, in which deleted tags and repositories remain listed as "
                "directories; use a storage account without one"
            )
            raise failure(ConfigError, "configure", None, message)
        self._namespace_is_known = True

    def close(self) -> None:
        """Close every connection. Idempotent."""
        with self._lock:
            service, self._service, self._container = self._service, None, None
            self._plain = None
        if service is not None:
            service.close()

    def _delegated(self, end: datetime) -> UserDelegationKey:
        """Return a user delegation key that is valid until ``end``; one request every few days."""
        self.container  # noqa: B018 - opens the service
        with self._lock:
            if self._delegation is None or self._delegation[1] < end:
                if self._service is None:
                    raise RuntimeError("the driver was closed")
                now = datetime.now(UTC)
                key = self._service.get_user_delegation_key(now - SKEW, now + DELEGATION - SKEW)
                self._delegation = key, now + DELEGATION - 2 * SKEW
            return self._delegation[0]

    def _open(self, transport: RequestsTransport, retry: _Retry) -> BlobServiceClient:
        options = self._options
        settings: dict[str, Any] = {"transport": transport, "retry_policy": retry, "logger": REQUESTS}
        if options.connectionstring.get_secret_value():
            text = options.connectionstring.get_secret_value()
            try:
                return BlobServiceClient.from_connection_string(text, **settings)
            except ValueError:
                message = "option 'connectionstring' is malformed: copy it from the account's access keys"
                raise failure(ConfigError, "configure", None, message) from None
        url = options.serviceurl or f"https://{options.accountname}.blob.{options.realm}"
        if not self.by_token:
            key = {"account_name": options.accountname, "account_key": self._key}
            return BlobServiceClient(url, credential=key, **settings)
        self._token = self._identity()
        return BlobServiceClient(url, credential=self._token, **settings)

    def _identity(self) -> TokenCredential:
        from azure.identity import ClientSecretCredential, DefaultAzureCredential

        given = self._options.credentials
        if given is not None and given.type == "client_secret":
            return ClientSecretCredential(given.tenantid, given.clientid, given.secret.get_secret_value())
        return DefaultAzureCredential()


class _Retry(LinearRetry):
    """The SDK's choice of requests to retry, with the configured number of retries and delay."""

    def __init__(self, options: AzureOptions) -> None:
        times = max(options.max_retries, 0)
        super().__init__(retry_total=times, retry_connect=times, retry_read=times, retry_status=times)
        self._delay = options.seconds_between_retries

    def get_backoff_time(self, settings: dict[str, Any]) -> float:
        return self._delay * int(settings["count"])


def _transport(options: AzureOptions) -> RequestsTransport:
    transport = RequestsTransport(
        connection_timeout=options.connecttimeout,
        read_timeout=options.readtimeout,
        connection_verify=not options.skipverify,
        connection_data_block_size=CHUNK,
    )
    transport.open()
    for scheme in ("http://", "https://"):
        # By default it keeps ten connections, and logs a warning for each further one that it discards.
        transport.session.get_adapter(scheme).init_poolmanager(CONNECTIONS, CONNECTIONS)
    return transport
