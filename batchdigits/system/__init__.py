"""What the operating system does for the program: files, names, processes, clocks, logs."""
