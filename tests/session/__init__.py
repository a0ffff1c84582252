"""Tests of ``batchdigits/session/``."""
