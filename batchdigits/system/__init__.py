"""What the operating system is asked for: files, names, processes, clocks, logs."""
