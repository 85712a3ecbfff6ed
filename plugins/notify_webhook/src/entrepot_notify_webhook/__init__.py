"""Webhook notifications for entrepot."""

from entrepot_notify_webhook.options import WebhookOptions
from entrepot_notify_webhook.sink import WebhookSink

__all__ = ["WebhookOptions", "WebhookSink"]
