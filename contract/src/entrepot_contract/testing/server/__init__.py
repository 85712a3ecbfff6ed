"""The server kit: one file for each group of tests, and one class that combines them.

Nothing is imported here: the servers that the kit starts are processes that import only part of it, and no pytest.
"""
