"""Tests of ``batchdigits/training/``."""
