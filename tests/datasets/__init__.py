"""Tests of ``batchdigits/datasets/``."""
