"""Outboxes on disks that refuse names and take different ones for one."""

import csv
import json
import os
from pathlib import Path

import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.config import Thumbnails
from batchdigits.execution.jobs import make_rejected_page
from batchdigits.inference.engine import Engine
from batchdigits.journal.entries import FileEntry
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.reasons import Reason, Rejection, Status
from batchdigits.records import FileStat, Source
from batchdigits.session.entry_log import EntryLog
from batchdigits.system.filenames import to_display_name
from tests.conftest import Run, read_csv, write_png
from tests.support.exfat_disk import mount_exfat

Digits = list[tuple[GrayImage, str]]

#: Refused, dropped or taken for one: characters, ends, devices, case, compositions, raw bytes.
NAMES = [
    'Scan 12:34.png', 'Scan 12?34.png', 'Scan 12_34.png', '"*<>|\\\n.png', "con", "AUX.tif.png",
    "A.png", "a.png", "é.png", "e\u0301.png", "É.png", os.fsdecode(b"\xe9.png"), "end.", "end",
    "Day 1:/x.png", "Day 1?/x.png", "day 1_/x.png", "end /x.png", "x" * 251 + ".png",
    "X" * 251 + ".png",
]  # fmt: skip


@pytest.mark.long
@pytest.mark.integration
def test_every_file_keeps_row_picture_and_place_on_exfat(
    batchdigits: Run, inbox: Path, tmp_path: Path, digits: Digits, engine: Engine
) -> None:
    sources, bad = [], {}
    for number, name in enumerate(NAMES):
        image = np.pad(digits[number % len(digits)][0], number, constant_values=255)
        sources.append(Source(str(write_png(inbox / name, image)), to_display_name(name)))
        path = inbox / "bad" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(b"\x89PNG\r\n\x1a\n%d" % number)
        bad[path] = path.read_bytes()
    linux = tmp_path / "linux"
    linux.mkdir()
    records = recognise_chunk(sources, RecognitionContext(engine, outbox=linux))
    expected = {record.source.name: (linux / record.thumbnail).read_bytes() for record in records}
    assert len(set(expected.values())) == len(NAMES)
    with mount_exfat(tmp_path / "stick") as stick:
        outbox = stick / "outbox"
        # Some first, the others later: names collide within a run and between two.
        assert batchdigits("run", inbox, outbox, "--exclude", "*[0-9xé]*").returncode == 3
        done = batchdigits("run", inbox, outbox, "--workers", 2)
        assert done.returncode == 3 and "could not" not in done.stderr, done.stderr
        rows = read_csv(outbox)
        assert len(rows) == 2 * len(NAMES)
        pictures = {row["file"]: outbox / row["thumbnail"] for row in rows if row["thumbnail"]}
        assert {name: path.read_bytes() for name, path in pictures.items()} == expected
        assert not any(path.exists() for path in bad)
        notes = [json.loads(path.read_text()) for path in (outbox / "quarantine").rglob("*.json")]
        assert len({note["file"] for note in notes}) == len(notes) == len(NAMES)
        assert batchdigits("run", inbox, outbox).returncode == 0
        assert read_csv(outbox) == rows, "all are known"
        checked = [row | {"corrected_digit": row["digit"]} for row in rows if row["digit"]]
        write_csv(tmp_path / "checked.csv", checked)
        export = stick / "checked"
        told = batchdigits("correct", outbox, tmp_path / "checked.csv", "--export", export)
        assert told.returncode == 0, told.stderr
        assert len([path for path in export.rglob("*") if path.is_file()]) == len(checked)
        back = batchdigits("requeue", outbox)
        assert back.returncode == 0, back.stderr
    assert {path: path.read_bytes() for path in bad} == bad


def write_csv(path: Path, rows: list[dict[str, str]]) -> None:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(rows[0]))
        writer.writeheader()
        writer.writerows(rows)


def make_entry(thumbnail: str | None) -> FileEntry:
    page = make_rejected_page(Rejection(Reason.LOW_CONFIDENCE, ""))
    page = page._replace(status=str(Status.REVIEW), digit=1, thumbnail=thumbnail)
    return FileEntry.from_pages(FileStat(), "", [page])


def test_a_picture_that_is_missing_is_told_once(caplog: pytest.LogCaptureFixture) -> None:
    for thumbnails, expected in ((Thumbnails.EACH, 1), (Thumbnails.REVIEW, 1), (Thumbnails.OFF, 0)):
        caplog.clear()
        entry_log = EntryLog(thumbnails)
        for thumbnail in ("thumbnails/1.png.p1.png", None, None):
            entry_log.log("1.png", make_entry(thumbnail))
        assert len(caplog.messages) == expected
