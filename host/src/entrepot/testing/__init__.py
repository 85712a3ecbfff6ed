"""A real registry for the tests of registry clients: the pytest fixture ``registry``.

This file imports nothing, so that a test run which does not ask for the fixture pays nothing.
"""
