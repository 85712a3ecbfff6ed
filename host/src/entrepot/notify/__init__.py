"""Notifications: a durable outbox, and the process that delivers its events to the endpoints.

Only the settings are imported here: a host without endpoints does not need to load a database library.
"""

from entrepot.notify.settings import (
    EndpointSettings,
    Filters,
    LogSettings,
    MetricsSettings,
    NotifySettings,
    OutboxSettings,
)

__all__ = ["EndpointSettings", "Filters", "LogSettings", "MetricsSettings", "NotifySettings", "OutboxSettings"]
