"""What each command does once its arguments are known: one module or room per command."""
