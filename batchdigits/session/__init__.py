"""An outbox at work: held and filled, and what cannot be read set aside."""
