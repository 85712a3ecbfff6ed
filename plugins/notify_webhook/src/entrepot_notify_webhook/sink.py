"""The webhook sink, which posts events as JSON to a URL."""

from __future__ import annotations

import ssl
import time
from collections.abc import Sequence
from datetime import timedelta
from typing import ClassVar
from uuid import NAMESPACE_URL, uuid5

from entrepot_contract import ConfigError, DriverOptions
from entrepot_contract.events import Event
from entrepot_contract.notify import NotificationSink
from entrepot_notify_webhook.cloudevents import cloud_events
from entrepot_notify_webhook.envelope import MEDIA_TYPE, envelope
from entrepot_notify_webhook.options import WebhookOptions
from entrepot_notify_webhook.signature import key_of, signed_headers
from entrepot_notify_webhook.transport import Transport

__all__ = ["WebhookSink"]


class WebhookSink(NotificationSink):
    """Posts events to a URL, in the format of Docker Distribution or as CloudEvents."""

    name: ClassVar[str] = "webhook"
    contract: ClassVar[tuple[int, int]] = (1, 0)
    Options: ClassVar[type[DriverOptions]] = WebhookOptions

    def __init__(self, options: DriverOptions) -> None:
        assert isinstance(options, WebhookOptions)  # noqa: S101 - for mypy
        self._format = options.format
        self._key = None if options.secret is None else key_of(options.secret.get_secret_value())
        self._headers = [
            (name, value.get_secret_value()) for name, values in options.headers.items() for value in values
        ]
        self._transport = Transport(options.url.get_secret_value(), _tls(options))

    def deliver(self, events: Sequence[Event], timeout: timedelta) -> None:
        """Post events in one request."""
        if self._format == "cloudevents":
            body, media_type = cloud_events(events)
        else:
            body, media_type = envelope(events), MEDIA_TYPE
        headers = [*self._headers, ("Content-Type", media_type)]
        if self._key is not None:
            headers += signed_headers(self._key, _message_id(events), int(time.time()), body).items()
        self._transport.post(body, headers, timeout)

    def close(self) -> None:
        """Close all connections."""
        self._transport.close()


def _message_id(events: Sequence[Event]) -> str:
    """Return the id of the event, or an id for the batch; retries use the same id."""
    if len(events) == 1:
        return events[0].id
    return str(uuid5(NAMESPACE_URL, " ".join(event.id for event in events)))


def _tls(options: WebhookOptions) -> ssl.SSLContext | bool:
    if options.ca is None and options.certificate is None:
        return True
    try:
        context = ssl.create_default_context(cafile=options.ca)
    except (OSError, ssl.SSLError) as error:
        raise _config_error("ca", options.ca, error) from error
    if options.certificate is not None and options.key is not None:
        try:
            context.load_cert_chain(options.certificate, options.key, password=_no_password)
        except (OSError, ssl.SSLError, ValueError) as error:
            raise _config_error("certificate and key", f"{options.certificate} and {options.key}", error) from error
    return context


def _no_password() -> str:
    raise ValueError("the key is encrypted; passwords are not supported")


def _config_error(option: str, path: str | None, error: Exception) -> ConfigError:
    return ConfigError(f"option {option}: {path} cannot be used: {error}", driver="webhook", operation="configure")
