"""entrepot storage in layers: drivers in front of any other drivers, configured by nesting."""

from entrepot_storage_layers.chaos import ChaosDriver, ChaosOptions
from entrepot_storage_layers.encrypt import EncryptDriver, EncryptOptions

__all__ = ["ChaosDriver", "ChaosOptions", "EncryptDriver", "EncryptOptions"]
