"""Tests of ``batchdigits/execution/``."""
