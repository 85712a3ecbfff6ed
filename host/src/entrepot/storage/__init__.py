"""The wrapper that the host puts around every storage driver."""

from entrepot.storage.checked import CheckedDriver
from entrepot.storage.observe import Observer
from entrepot.storage.retry import RetryPolicy

__all__ = ["CheckedDriver", "Observer", "RetryPolicy"]
