"""Labelled digits of others: folders, ``.npz`` and IDX files, MNIST, and how they are split."""
