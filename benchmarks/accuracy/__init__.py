"""How well the program reads: image files in, ``results.csv`` out, compared with the true digits.

    python -m benchmarks.accuracy --data FOLDER [--only mnist,scans] [--write-card CARD.json]

``FOLDER`` holds the data that the sets are made from; a set whose data are missing is skipped:

- ``mnist.npz``, as ``keras.datasets.mnist`` downloads it;
- ``scans.tar`` or the unpacked ``scans/`` of kensanata/numbers, read with ``--folds FOLDER`` by the
  models of :mod:`benchmarks.accuracy.train_folds`, each writer by one that never saw them;
- ``optdigits.npz`` and ``semeion.npz``: ``x (n, side, side) uint8`` white on black and ``y``, from
  UCI's Optical Recognition of Handwritten Digits (test part) and Semeion.
"""
