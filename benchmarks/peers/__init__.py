"""Programs that the benchmarks run beside batchdigits, each in a process of its own."""
