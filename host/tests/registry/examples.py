"""How many examples a property gets: enough for these small models, and few enough for a run at every change."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

__all__ = ["some_examples"]

# No deadline: one example may meet a pause of a busy machine.
some_examples = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
