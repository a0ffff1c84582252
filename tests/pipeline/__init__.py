"""Tests of ``batchdigits/pipeline/``."""
