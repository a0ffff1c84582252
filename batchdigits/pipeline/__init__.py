"""The road of every mode: sources in, pages recognised and decided, results out."""
