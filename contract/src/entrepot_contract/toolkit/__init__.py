"""Helpers for plugin authors, beside the contracts: nothing here has to be used.

They keep their names and meaning within a minor version of ``entrepot-contract``; a change is listed in its changelog.

- Drivers of object stores: ``parts``, ``prefix``, ``reading``, ``timeouts``, ``tokens``.
- Drivers of files: ``oserrors``.
- Drivers that wrap drivers: ``nesting``.
- Options: ``durations``, ``scalars``; files that change while a plugin runs: ``reloading``.
- Servers: ``listening``, ``places``, ``downloads``, ``header_names``.
"""
