"""``batchdigits review``: the page of an outbox, from a small server for this computer alone."""
