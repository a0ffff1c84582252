"""Files of pictures taken apart: what kind, how large, whole or not, and their gray pixels."""
