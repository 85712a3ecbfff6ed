"""What holds for all tests: those of one place run in one process, and SIGINT interrupts what they start."""

import signal

from services.places import pytest_xdist_make_scheduler

__all__ = ["pytest_xdist_make_scheduler"]

# A shell starts a background job with SIGINT ignored, and whatever the job starts ignores it, too.
signal.signal(signal.SIGINT, signal.default_int_handler)
