"""Tests of ``batchdigits/preprocessing/``."""
