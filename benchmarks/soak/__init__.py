"""A watcher put through what months bring: see ``python -m benchmarks.soak --help``."""
