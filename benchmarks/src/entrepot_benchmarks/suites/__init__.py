"""Benchmarks of storage drivers for pytest-benchmark: those of a test file of the kit, or every installed one."""
