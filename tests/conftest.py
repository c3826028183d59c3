"""What every test shares: Hypothesis profiles, the root seed of statistical tests, and plots without a screen.

Two environment variables change a run:

- `QTRAJ_HYPOTHESIS_PROFILE`: `default` (the same few examples every time) or `thorough` (many random ones).
- `QTRAJ_TEST_SEED`: root seed of the statistical tests; any other seed must pass too, at the stated rates.
"""

from __future__ import annotations

import os
import signal

import pytest
from hypothesis import HealthCheck, settings

# Set before any test imports matplotlib, and inherited by the subprocesses that some tests start.
os.environ.setdefault("MPLBACKEND", "Agg")

# Shells switch Ctrl-C off for what they start in the background, and children inherit that; some tests press it.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)

# The first example of a test also pays for imports and for LAPACK's set-up, so deadlines and the "too slow"
# health check would measure the machine and not the code.
settings.register_profile(
    "default", derandomize=True, deadline=None, max_examples=25, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile(
    "thorough", derandomize=False, deadline=None, max_examples=2000, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile(os.environ.get("QTRAJ_HYPOTHESIS_PROFILE", "default"))

DEFAULT_SEED = 20190213


@pytest.fixture(scope="session")
def root_seed() -> int:
    """Fixed seed of the statistical tests, overridable by `QTRAJ_TEST_SEED`."""
    return int(os.environ.get("QTRAJ_TEST_SEED", DEFAULT_SEED))
