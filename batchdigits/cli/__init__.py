"""The command line: people's words to calls, errors to one line and an exit code."""
