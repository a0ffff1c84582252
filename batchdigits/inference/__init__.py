"""Models: what is known of them, what runs them, and what their numbers mean."""
