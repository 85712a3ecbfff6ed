"""entrepot storage in the memory of one process, for tests and trials."""

from entrepot_storage_memory.driver import MemoryDriver, MemoryOptions

__all__ = ["MemoryDriver", "MemoryOptions"]
