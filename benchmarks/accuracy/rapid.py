"""What RapidOCR's recogniser reads in single digits, set up as in :mod:`benchmarks.recogniser`.

python -m benchmarks.accuracy.rapid FOLDER ANSWERS.json
"""

import json
import sys
from pathlib import Path

from benchmarks.recogniser import recogniser


def main(folder: Path, answers: Path) -> None:
    """Read every file of a folder; the text of each, stripped, is its answer."""
    engine = recogniser()
    read = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        texts = engine(path).txts or ()
        read[path.relative_to(folder).as_posix()] = "".join(texts).strip()
    answers.write_text(json.dumps(read), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
