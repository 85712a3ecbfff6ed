"""The pytest fixture ``registry``: a real registry for the tests of registry clients.

This file imports nothing, so that test runs that do not use the fixture are not slowed down.
"""
