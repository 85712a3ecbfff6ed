"""Traces of registry traffic: their format, a generator of realistic ones, and their replay. See FORMAT.md."""
