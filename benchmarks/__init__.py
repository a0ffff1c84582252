"""Measurements of the shipped program: ``python -m benchmarks`` runs those of its speed."""

from pathlib import Path

#: The checkout: the program, its sample inbox, and these benchmarks.
ROOT = Path(__file__).resolve().parent.parent
