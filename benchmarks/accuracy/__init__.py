"""How well the program reads: image files in, ``results.csv`` out, compared with the true digits.

    python -m benchmarks.accuracy --data FOLDER [--only mnist,scans] [--write-card CARD.json]

``FOLDER`` holds the data that the sets are made from; a set whose data are missing is skipped:

- ``mnist.npz``, as ``keras.datasets.mnist`` downloads it;
- ``scans.tar`` or the unpacked ``scans/`` of kensanata/numbers; read are the three writers that
  no bundled model was trained on;
- ``optdigits.npz`` and ``semeion.npz``: ``x (n, side, side) uint8`` white on black and ``y``, from
  UCI's Optical Recognition of Handwritten Digits (test part) and Semeion.
"""
