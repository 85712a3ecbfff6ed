"""Objects that only who has the key can read."""

from entrepot_storage_layers.encrypt.driver import EncryptDriver
from entrepot_storage_layers.encrypt.options import EncryptOptions

__all__ = ["EncryptDriver", "EncryptOptions"]
