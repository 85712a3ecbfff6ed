"""Notifications: a durable outbox, and the process that tells its events to the endpoints."""

from entrepot.notify.listener import Notifications
from entrepot.notify.notifier import open_sinks
from entrepot.notify.settings import EndpointSettings, Interest, LogSettings, NotifySettings, OutboxSettings

__all__ = [
    "EndpointSettings",
    "Interest",
    "LogSettings",
    "Notifications",
    "NotifySettings",
    "OutboxSettings",
    "open_sinks",
]
