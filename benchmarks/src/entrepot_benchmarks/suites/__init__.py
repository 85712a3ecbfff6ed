"""Benchmarks of storage drivers for pytest-benchmark: of the driver of a contract test class, or all installed ones."""
