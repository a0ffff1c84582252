"""Tests of ``batchdigits/reports/``."""
