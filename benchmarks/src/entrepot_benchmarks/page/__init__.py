"""The report of a run as one HTML file: words, charts and tables, without a script or anything from elsewhere."""

from entrepot_benchmarks.page.report import render

__all__ = ["render"]
