"""Fuzz what reads files from outside: ``python -m tests.fuzz [--minutes N] [TARGET...]``.

Each target runs in processes of its own, one after the other: under a gigabyte of memory, twenty
seconds for a file. What breaks them is kept in ``build/fuzz/TARGET/``, with what they said; put it
into ``tests/data/crashers/TARGET/`` together with the repair.
"""

import argparse
import re
import subprocess
import sys
import time
from pathlib import Path

from tests.fuzz.targets import TARGETS

_KEPT = Path("build") / "fuzz"
_OPTIONS = ("-rss_limit_mb=1024", "-timeout=20", "-max_len=300000", "-print_final_stats=1")
#: More findings than this of one target say no more.
_MAX_FINDINGS = 10


def fuzz(name: str, seconds: float) -> int:
    """Fuzz a target and print what came of it; return the number of files that broke it."""
    folder = _KEPT / name
    corpus = folder / "corpus"
    corpus.mkdir(parents=True, exist_ok=True)
    for number, seed in enumerate(TARGETS[name].make_seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    deadline, files, findings = time.monotonic() + seconds, 0, 0
    while (left := int(deadline - time.monotonic())) > 0 and findings < _MAX_FINDINGS:
        options = [*_OPTIONS, f"-max_total_time={left}", f"-artifact_prefix={folder}/{findings}-"]
        log = folder / f"{findings}.log"
        with log.open("w") as output:
            code = subprocess.run(
                [sys.executable, "-m", "tests.fuzz.child", name, *options, str(corpus)],
                stdout=output, stderr=output, timeout=left + 120, check=False,
            ).returncode  # fmt: skip
        said = log.read_text(encoding="utf-8", errors="replace")
        files += max(
            (int(number) for number in re.findall(r"^#(\d+)", said, re.MULTILINE)), default=0
        )
        if code:
            findings += 1
            lines = re.findall(r"^(?:.*Error.*|.*ERROR.*|.*Exception: .*)$", said, re.MULTILINE)
            print(f"    {log}: {' / '.join(lines[:2])[:300]}", flush=True)
    print(f"{name}: {files:,} files in {seconds:.0f} s, {findings} broke it", flush=True)
    return findings


def main() -> int:
    """Fuzz the chosen targets; exit with 1 if anything broke."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=1, help="for each target")
    parser.add_argument("targets", nargs="*", default=list(TARGETS), metavar="TARGET")
    arguments = parser.parse_args()
    counts = [fuzz(name, arguments.minutes * 60) for name in arguments.targets]
    return int(any(counts))


if __name__ == "__main__":
    sys.exit(main())
