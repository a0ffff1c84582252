"""From sources to page records: files read, pages measured, predicted and decided."""
