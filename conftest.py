"""What holds for all tests: those of one place run in one process, and no example of hypothesis has a time limit."""

import signal

from hypothesis import settings
from services.places import pytest_xdist_make_scheduler

__all__ = ["pytest_xdist_make_scheduler"]

# A shell starts a background job with SIGINT ignored, and whatever the job starts ignores it, too.
signal.signal(signal.SIGINT, signal.default_int_handler)

# An example that meets a pause of a busy machine is not a fault.
settings.register_profile("entrepot", deadline=None)
if settings.get_current_profile_name() == "default":
    settings.load_profile("entrepot")
