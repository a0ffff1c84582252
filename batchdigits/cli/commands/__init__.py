"""What each command does once its arguments are known: one module a command."""
