"""Models that others made: told by content, opened safely, and how they want images."""
