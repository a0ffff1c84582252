"""How well labelled digits are read: metrics, charts and the mistakes."""
