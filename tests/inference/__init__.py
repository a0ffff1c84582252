"""Tests of ``batchdigits/inference/``."""
