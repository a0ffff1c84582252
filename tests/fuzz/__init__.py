"""Fuzzing of all that reads what strangers write: ``make fuzz MINUTES=n``."""
