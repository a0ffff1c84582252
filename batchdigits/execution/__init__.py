"""Who does the work: jobs cut into chunks, and the processes that carry them out."""
