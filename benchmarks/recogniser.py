"""RapidOCR's recogniser on single digits, to be measured beside the program.

    python -m benchmarks.recogniser FOLDER FILES

prints the seconds an image, start-up and the first image excluded. The recogniser alone: no
search for text, no check which way up, its own default settings for threads and model. Its model
files come inside its package.
"""

import importlib
import sys
import time
from pathlib import Path
from typing import Any


def recogniser() -> Any:
    """The engine: called with a path, it returns a result whose ``txts`` are the texts read."""
    # By name, since it is installed for this comparison alone.
    return importlib.import_module("rapidocr").RapidOCR(
        params={
            "Global.use_det": False,
            "Global.use_cls": False,
            "Global.log_level": "error",
        }
    )


def main(folder: Path, files: int) -> None:
    """Read that many files, one by one."""
    read = recogniser()
    first, *others = sorted(folder.iterdir())[: files + 1]
    read(first)
    begun = time.perf_counter()
    for path in others:
        read(path)
    print((time.perf_counter() - begun) / len(others))


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
