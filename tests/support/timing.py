"""Time limits that scale with the build under test, and waiting for a condition instead of sleeping."""

import os
import time

SLOW_FACTOR = float(os.environ.get("RAVELIN_TEST_SLOW") or 1)


def scaled(seconds):
    """`seconds` on an ordinary build; sanitizer builds set RAVELIN_TEST_SLOW and get a multiple."""
    return seconds * SLOW_FACTOR


def wait_until(condition, seconds=5.0, what="condition", step=0.005):
    """Polls until condition() is true and returns its value; fails after scaled(seconds)."""
    deadline = time.monotonic() + scaled(seconds)
    while True:
        value = condition()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise AssertionError(f"waited {scaled(seconds):g} s in vain for: {what}")
        time.sleep(step)
