"""Tests of ``batchdigits/evaluation/``."""
