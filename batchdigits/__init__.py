"""batchdigits: a folder of scanned handwritten digits in, a spreadsheet out."""
