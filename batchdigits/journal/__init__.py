"""The journal: one SQLite file in the outbox that knows what was read, and its columns."""
