"""Rings, lines below and strokes across that people mark digits with, and digits without them."""
