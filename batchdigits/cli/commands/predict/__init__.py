"""``batchdigits predict``: a few images read, told on the terminal and drawn."""
