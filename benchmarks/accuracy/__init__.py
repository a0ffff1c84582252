"""How well the shipped program reads: image files in, ``results.csv`` out, against the truth.

    python -m benchmarks.accuracy --data FOLDER [--only mnist,scans] [--write-card CARD.json]

``FOLDER`` holds what the sets are made from; a set whose file is missing is named as skipped:

- ``mnist.npz``, as ``keras.datasets.mnist`` downloads it;
- ``scans.tar`` or the unpacked ``scans/`` of kensanata/numbers, of which the three writers are
  read that no bundled model was ever trained on;
- ``optdigits.npz`` and ``semeion.npz``: ``x (n, side, side) uint8`` white on black and ``y``, from
  UCI's Optical Recognition of Handwritten Digits (test part) and Semeion.
"""
