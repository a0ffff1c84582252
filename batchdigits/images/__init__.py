"""Image files taken apart: which format, how large, whole or not, and their gray pixels."""
