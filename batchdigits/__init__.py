"""batchdigits: a folder of scanned handwritten digits in, a spreadsheet out."""

__version__ = "0.1.0"
