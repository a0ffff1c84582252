"""Who does the work: jobs put together in chunks, and the workers that run them."""
