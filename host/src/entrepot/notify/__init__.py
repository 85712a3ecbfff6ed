"""Notifications: a durable outbox, and the process that tells its events to the endpoints.

Only the settings are imported here: a host that tells nobody needs no database in memory.
"""

from entrepot.notify.settings import (
    EndpointSettings,
    Interest,
    LogSettings,
    MetricsSettings,
    NotifySettings,
    OutboxSettings,
)

__all__ = ["EndpointSettings", "Interest", "LogSettings", "MetricsSettings", "NotifySettings", "OutboxSettings"]
