"""Tests of ``batchdigits/watching/``."""
