"""``batchdigits predict``: a few images read, printed on the terminal and drawn."""
