"""Labelled scans for an evaluation, and what it wrote."""

import csv
import json
from pathlib import Path

from batchdigits.arrays import GrayImage
from batchdigits.cli.commands.run import run
from batchdigits.config import RunSettings
from batchdigits.session.summary import Summary
from tests.conftest import write_png

Digits = list[tuple[GrayImage, str]]

FILES = {
    "evaluation.json", "per_digit.csv", "confusion.csv", "mistakes.csv",
    "confusion.png", "calibration.png", "coverage.png", "mistakes.png",
}  # fmt: skip


def write_folder(folder: Path, digits: Digits, wrong: int = 0) -> None:
    """Write scans under WRITER/DIGIT, the first ``wrong`` of them under the next digit."""
    for number, (image, digit) in enumerate(digits):
        label = (int(digit) + (number < wrong)) % 10
        write_png(folder / f"w{number % 2}" / str(label) / f"{number}.png", image)


def figures(outbox: Path) -> dict[str, object]:
    """Read the figures that an evaluation wrote."""
    content = json.loads((outbox / "evaluation.json").read_text(encoding="utf-8"))
    assert isinstance(content, dict)
    return content


def rows(path: Path) -> list[dict[str, str]]:
    """Read the rows of a table that an evaluation wrote."""
    with path.open(encoding="utf-8-sig", newline="") as file:
        return list(csv.DictReader(file))


def snapshot(folder: Path) -> dict[str, tuple[int, int, bytes]]:
    """Read all files of a folder, with their times, to see later that none was touched."""
    files = [path for path in sorted(folder.rglob("*")) if path.is_file()]
    return {
        str(path): (path.stat().st_mtime_ns, path.stat().st_ctime_ns, path.read_bytes())
        for path in files
    }


class Nobody:
    """A listener that does not listen."""

    def on_start(self, files: int) -> None: ...

    def on_progress(self, summary: Summary) -> None: ...

    def get_stop_signal(self) -> int:
        return 0


def read(settings: RunSettings) -> Summary:
    """Read the scans of an evaluation, as the program does."""
    return run(settings, Nobody())[0]


def never(settings: RunSettings) -> Summary:
    """Fail, as an evaluation that is refused reads nothing."""
    raise AssertionError(f"{settings.inbox} was read")
