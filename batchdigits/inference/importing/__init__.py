"""Models that others made: recognised, checked, converted, and given a card."""
