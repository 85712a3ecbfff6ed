"""entrepot storage layers: drivers that wrap other drivers, configured by nesting."""

from entrepot_storage_layers.cache import CacheDriver, CacheOptions
from entrepot_storage_layers.chaos import ChaosDriver, ChaosOptions
from entrepot_storage_layers.encrypt import EncryptDriver, EncryptOptions
from entrepot_storage_layers.mirror import MirrorDriver, MirrorOptions

__all__ = [
    "CacheDriver",
    "CacheOptions",
    "ChaosDriver",
    "ChaosOptions",
    "EncryptDriver",
    "EncryptOptions",
    "MirrorDriver",
    "MirrorOptions",
]
