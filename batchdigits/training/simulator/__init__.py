"""The scan simulator: clean digits drawn as pens, papers and scanners make them."""
