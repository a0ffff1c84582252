"""What people see on a terminal while a command is at work."""
