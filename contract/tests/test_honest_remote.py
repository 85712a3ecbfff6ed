"""The kit, run on a correct driver of a networked backend, with every fixture."""

from __future__ import annotations

import pytest
from contract.tests.remote_cases import RemoteCase


@pytest.mark.fewer_calls
class TestHonestRemote(RemoteCase):
    """Runs the kit."""
