"""Tests of ``batchdigits/drawing/``."""
