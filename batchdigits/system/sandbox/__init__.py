"""A process that keeps itself from files, the network and other processes, and is not trusted."""
