"""Fuzzes one target until time is over or something breaks: ``child TARGET [LIBFUZZER OPTION...]``.

Coverage is that of the program's Python; what decoders written in C do is not seen.
"""

import random
import sys
import tempfile
from pathlib import Path

import atheris


def main() -> None:
    """Fuzz; libFuzzer ends the process."""
    name, *options = sys.argv[1:]
    # While it fuzzes too: much of the program is imported when it is first needed.
    with atheris.instrument_imports(include=["batchdigits"]), tempfile.TemporaryDirectory() as temp:
        from tests.fuzz.targets import TARGETS, try_file

        target = TARGETS[name]
        path = Path(temp) / "file"

        def read(data: bytes) -> None:
            path.write_bytes(data)
            try_file(target, path)

        def mutate(data: bytes, max_size: int, seed: int) -> bytes:
            def change(part: bytes) -> bytes:
                return bytes(atheris.Mutate(part, max(len(part) + 64, 64)))

            return target.change(data, change, random.Random(seed))[:max_size]

        atheris.Setup([sys.argv[0], *options], read, custom_mutator=mutate)
        atheris.Fuzz()


if __name__ == "__main__":
    main()
