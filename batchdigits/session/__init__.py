"""An outbox at work: held, filled, and what cannot be read set aside."""
