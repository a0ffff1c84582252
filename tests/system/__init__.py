"""Tests of ``batchdigits/system/``."""
