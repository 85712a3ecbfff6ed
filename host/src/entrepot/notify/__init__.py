"""Notifications: a durable outbox, and the process that delivers its events to the endpoints.

Only the settings are imported here: a host without endpoints does not need to load a database library.
"""

from entrepot.notify.settings import MetricsSettings, NotifySettings, notify_settings

__all__ = ["MetricsSettings", "NotifySettings", "notify_settings"]
