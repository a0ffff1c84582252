"""Tests of ``batchdigits/images/``."""
