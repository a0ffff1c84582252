"""Tests of ``batchdigits/cli/``."""
