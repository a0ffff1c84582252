"""An outbox as people have one: scans in folders, bad ones in quarantine, pages corrected."""

import csv
import gc
import io
import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pytest
import tifffile

from batchdigits.cli import main
from batchdigits.errors import BatchdigitsError
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.system.logs import LOG
from tests.conftest import load_sample_digits, read_csv, write_png

Rows = list[dict[str, str]]
Corrections = dict[tuple[str, int], int]


def run_here(words: list[str]) -> int:
    """Run a command in this process.

    Its workers are forked from it and have all of its memory, which may be more than their limit
    where TensorFlow was used in it before.
    """
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("batchdigits.execution.worker_process.limit_memory", lambda size: None)
        return main._run(words)


@pytest.fixture(scope="module", autouse=True)
def _same_log_afterwards() -> Iterator[None]:
    """Leave logging as it was: commands that run in this process set it up."""
    before = LOG.handlers, LOG.propagate, LOG.level
    yield
    LOG.handlers, LOG.propagate, LOG.level = before
    gc.unfreeze()


class Desk(NamedTuple):
    """A folder with an inbox and the outbox that it was read into."""

    folder: Path

    @property
    def inbox(self) -> Path:
        return self.folder / "inbox"

    @property
    def outbox(self) -> Path:
        return self.folder / "outbox"

    @property
    def journal(self) -> Path:
        return self.outbox / STATE_FOLDER / JOURNAL_FILE

    def run(self, *options: str) -> int:
        words = ["run", str(self.inbox), str(self.outbox), "--workers", "1", "--quiet", *options]
        return run_here(words)

    def verify(self, *options: str) -> int:
        """Verify the outbox; one sentence counts as its exit code."""
        try:
            return run_here(["verify", str(self.outbox), *options])
        except BatchdigitsError as error:
            assert "\n" not in str(error)
            return int(error.exit_code)

    def change(self, statement: str, *values: object) -> None:
        sql = sqlite3.connect(self.journal)
        with sql:
            sql.execute(statement, values)
        sql.close()

    def read_corrections(self) -> Corrections:
        sql = sqlite3.connect(self.journal)
        rows = sql.execute("SELECT sha256, page, digit FROM corrections").fetchall()
        sql.close()
        return {(sha256, page): digit for sha256, page, digit in rows}

    def read_rows(self) -> Rows:
        """The table but for times of reading, with the scores that only the JSON has."""
        listed = json.loads((self.outbox / "results.json").read_text())["rows"]
        rows = read_csv(self.outbox)
        assert [row["file"].lstrip("'") for row in rows] == [row["file"] for row in listed]
        return [
            {**row, "read_at": "", "scores": str(entry["scores"])}
            for row, entry in zip(rows, listed, strict=True)
        ]

    def list_files(self) -> dict[str, tuple[int, int]]:
        """All files of inbox and outbox, but for what SQLite keeps beside the journal."""
        return {
            str(path.relative_to(self.folder)): (path.stat().st_mtime_ns, path.stat().st_size)
            for path in self.folder.rglob("*")
            if path.is_file()
        }


def build_desk(folder: Path, count: int, corrected: int) -> Desk:
    """Read so many scans, some of them bad, and correct the first ones."""
    desk = Desk(folder)
    digits = load_sample_digits()
    for number in range(count):
        image = digits[number % len(digits)][0].copy()
        image[0, 0] = number % 251  # each its own content
        write_png(desk.inbox / ("" if number % 3 else "box") / f"scan{number}.png", image)
    (desk.inbox / "bad.png").write_bytes(b"no image")
    (desk.inbox / "box" / "empty.jpg").write_bytes(b"")
    pages = np.stack([digits[0][0], digits[0][0]])
    tifffile.imwrite(desk.inbox / "pages.tif", pages, photometric="minisblack")
    data = (desk.inbox / "pages.tif").read_bytes()
    (desk.inbox / "half.tif").write_bytes(_break_second_page(data))
    desk.run()
    rows = [row for row in read_csv(desk.outbox) if row["digit"]][:corrected]
    table = folder / "corrections.csv"
    with table.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["sha256", "page", "corrected_digit"])
        for number, row in enumerate(rows):
            writer.writerow([row["sha256"], row["page"], number % 11 - 1])
    run_here(["correct", str(desk.outbox), str(table), "--quiet"])
    table.unlink()
    return desk


def _break_second_page(data: bytes) -> bytes:
    """Have the second page's strip begin behind the end of the file."""
    with tifffile.TiffFile(io.BytesIO(data)) as tiff:
        page = tiff.pages[1]
        assert isinstance(page, tifffile.TiffPage)
        tag = page.tags["StripOffsets"]
        start = tag.valueoffset
    return data[:start] + (len(data) * 2).to_bytes(4, "little") + data[start + 4 :]


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return build_desk(tmp_path / "desk", count=6, corrected=3)
