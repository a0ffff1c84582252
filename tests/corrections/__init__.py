"""Tests of ``batchdigits/corrections/``."""
