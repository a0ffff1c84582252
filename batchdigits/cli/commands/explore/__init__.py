"""``batchdigits explore``: labelled digits, counted and drawn, to look at first."""
