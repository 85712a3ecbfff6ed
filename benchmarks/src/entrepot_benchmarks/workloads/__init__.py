"""What targets are loaded with, case by case."""

from entrepot_benchmarks.workloads.names import new_run
from entrepot_benchmarks.workloads.standard import CLIENTS, standard_workloads

__all__ = ["CLIENTS", "new_run", "standard_workloads"]
