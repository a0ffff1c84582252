"""Tests of ``batchdigits/journal/``."""
