"""Number of examples per property: enough for these small models, and few enough to run on every change."""

from __future__ import annotations

from hypothesis import HealthCheck, settings

__all__ = ["some_examples"]

# No deadline: an example may be delayed on a busy machine.
some_examples = settings(deadline=None, suppress_health_check=[HealthCheck.too_slow])
