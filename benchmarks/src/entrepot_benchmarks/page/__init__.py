"""The report of a run as a single HTML file with text, charts and tables, without scripts or external resources."""

from entrepot_benchmarks.page.report import render

__all__ = ["render"]
