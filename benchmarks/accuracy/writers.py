"""The thirteen writers of the scans, and who reads them: models that never saw them.

The bundled model learns from all of them, so their scans are read by four models that each leave
three or four writers out, each fold by its own; :mod:`benchmarks.accuracy.train_folds` makes these.
"""

from dataclasses import dataclass
from pathlib import Path

#: Folders of kensanata/numbers, in four folds of nearly as many scans.
FOLDS = (
    ("0001_*", "0010_*", "0017_*"),
    ("0002_*", "0011_*", "0020_*"),
    ("0004_*", "0005_*", "0013_*", "0016_*"),
    ("0007_*", "0008_*", "0014_*"),
)
#: Scans in the folder of another digit than they show, as everybody sees who looks: a 6, a 7, a 7,
#: a 4 and a 0. Nothing is learned from them, and nothing measured.
WRONG_LABELS = (
    "0004_*/8/number-411.png",
    "0014_*/6/number-344.png",
    "0017_*/1/number-599.png",
    "0002_*/5/number-459.png",
    "0002_*/9/number-19.png",
)


@dataclass(frozen=True, slots=True)
class Reader:
    """A model, and whose digits it is measured on.

    Attributes:
        name: for a folder of its images.
        model: its file; ``None`` for the bundled one.
        writers: patterns of the scans that it reads; none for the test parts of other sets.
    """

    name: str
    model: Path | None
    writers: tuple[str, ...] = ()


def list_readers(model: Path | None, folds: Path | None) -> list[Reader]:
    """List who reads: a model, and the models of all folds where there is a folder of these.

    Args:
        model: the model that is measured; ``None`` for the bundled one.
        folds: the folder that :mod:`benchmarks.accuracy.train_folds` wrote.
    """
    readers = [Reader("model", model)]
    if folds:
        readers += [
            Reader(f"fold-{number}", folds / f"fold-{number}.tflite", writers)
            for number, writers in enumerate(FOLDS, 1)
        ]
    return readers
