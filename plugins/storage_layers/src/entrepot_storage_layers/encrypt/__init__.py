"""Encryption of objects."""

from entrepot_storage_layers.encrypt.driver import EncryptDriver
from entrepot_storage_layers.encrypt.options import EncryptOptions

__all__ = ["EncryptDriver", "EncryptOptions"]
