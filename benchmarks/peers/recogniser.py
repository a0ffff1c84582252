"""RapidOCR's recogniser on single digits.

    python -m benchmarks.peers.recogniser FOLDER FILES

prints the seconds per image, without start-up and the first image. The recogniser runs alone: it
does not search for text or check which way up it is, and has its own defaults for threads and
model. Its model files come inside its package.
"""

import importlib
import sys
import time
from pathlib import Path
from typing import Any


def open_recogniser() -> Any:
    """Open the engine; called with a path, it returns a result whose ``txts`` are the texts."""
    # By name, so that mypy does not need the package, which only this comparison uses.
    return importlib.import_module("rapidocr").RapidOCR(
        params={
            "Global.use_det": False,
            "Global.use_cls": False,
            "Global.log_level": "error",
        }
    )


def main(folder: Path, files: int) -> None:
    """Read the first image, then ``files`` others, and print their seconds per image."""
    engine = open_recogniser()
    first, *others = sorted(folder.iterdir())[: files + 1]
    engine(first)
    begun = time.perf_counter()
    for path in others:
        engine(path)
    print((time.perf_counter() - begun) / len(others))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
