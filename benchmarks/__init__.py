"""Measurements of batchdigits: its speed here, see also ``soak`` and ``accuracy``."""

from pathlib import Path

#: The checkout: the program, its sample inbox, and these benchmarks.
ROOT = Path(__file__).resolve().parent.parent
