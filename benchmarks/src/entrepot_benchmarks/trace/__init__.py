"""Traces of registry traffic: format, generator and replay. See FORMAT.md."""
