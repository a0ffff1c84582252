"""Frames at the border of a page, and what the page shows without them."""
