"""How well a folder of labelled digits is read: figures, charts and the mistakes."""
