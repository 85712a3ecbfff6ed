"""The standard workloads."""

from entrepot_benchmarks.workloads.names import new_run
from entrepot_benchmarks.workloads.standard import CLIENTS, case_names, standard_workloads

__all__ = ["CLIENTS", "case_names", "new_run", "standard_workloads"]
