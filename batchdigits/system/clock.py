"""The time of day, as every report writes it."""

import time


def utc_now() -> str:
    """Return the current time in UTC to the second: ISO 8601 with a ``Z``."""
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
