"""What a run leaves for people: one file a format, each drawn from the same rows."""
