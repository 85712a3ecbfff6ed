"""Fault injection."""

from entrepot_storage_layers.chaos.driver import ChaosDriver
from entrepot_storage_layers.chaos.options import ChaosOptions, Fault

__all__ = ["ChaosDriver", "ChaosOptions", "Fault"]
