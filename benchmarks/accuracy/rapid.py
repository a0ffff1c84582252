"""Read single digits with RapidOCR's recogniser (:mod:`benchmarks.peers.recogniser`).

    python -m benchmarks.accuracy.rapid FOLDER ANSWERS.json

writes the text that it read in each file.
"""

import json
import sys
from pathlib import Path

from benchmarks.peers.recogniser import open_recogniser


def main(folder: Path, answers: Path) -> None:
    """Read every file of a folder and write the text of each, without spaces around it."""
    engine = open_recogniser()
    texts = {}
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        parts = engine(path).txts or ()
        texts[path.relative_to(folder).as_posix()] = "".join(parts).strip()
    answers.write_text(json.dumps(texts), encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
