"""Files and clocks that change while a run is at work."""

import os
import time
from pathlib import Path

import cv2
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.cli.commands import run
from batchdigits.config import RunSettings
from tests.conftest import read_csv, write_png
from tests.session.conftest import Digits, Meddler

pytestmark = [pytest.mark.integration, pytest.mark.faults]


def test_files_that_vanish_shrink_or_change_between_scan_and_reading(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    for number, name in enumerate(("gone", "shrunk", "changed", "same")):
        write_png(inbox / f"{name}.png", digits[number][0])

    def meddle() -> None:
        (inbox / "gone.png").unlink()
        whole = (inbox / "shrunk.png").read_bytes()
        (inbox / "shrunk.png").write_bytes(whole[: len(whole) // 2])
        write_png(inbox / "changed.png", digits[5][0])

    run.run(RunSettings(inbox, outbox), Meddler(meddle))
    rows = {row["file"]: row for row in read_csv(outbox)}
    assert (rows["gone.png"]["status"], rows["gone.png"]["reason"]) == ("failed", "vanished")
    assert (rows["shrunk.png"]["status"], rows["shrunk.png"]["reason"]) == (
        "quarantined",
        "truncated",
    )
    assert rows["changed.png"]["digit"] == digits[5][1]
    assert rows["same.png"]["digit"] == digits[3][1]
    summary, _ = run.run(RunSettings(inbox, outbox), Meddler(lambda: None))
    assert summary.files == 0, "what was recorded is what was read, so nothing is read again"


def write_with_time(path: Path, image: GrayImage, seconds: int = 1_500_000_000) -> None:
    """Write an uncompressed image, as large as any other of its size, with a given mtime."""
    path.write_bytes(cv2.imencode(".bmp", image)[1].tobytes())
    os.utime(path, (seconds, seconds))


def test_another_content_with_the_same_size_and_mtime_is_read(
    inbox: Path, outbox: Path, digits: Digits
) -> None:
    names = ["swapped1.bmp", "swapped2.bmp", "copied_over.bmp", "exchanged.bmp", "same.bmp"]
    for number, name in enumerate(names):
        write_with_time(inbox / name, digits[number][0])
    run.run(RunSettings(inbox, outbox), Meddler(lambda: None))

    (inbox / names[0]).rename(inbox / "other")
    (inbox / names[1]).rename(inbox / names[0])
    (inbox / "other").rename(inbox / names[1])
    write_with_time(inbox / names[2], digits[5][0])  # as `cp -p` does: in place
    write_with_time(inbox / "new", digits[6][0])
    (inbox / "new").rename(inbox / names[3])  # as `rsync -t` does
    summary, _ = run.run(RunSettings(inbox, outbox), Meddler(lambda: None))

    present = [row for row in read_csv(outbox) if row["source_state"] == "present"]
    assert {row["file"]: row["digit"] for row in present} == dict(
        zip(names, [digits[number][1] for number in (1, 0, 5, 6, 4)], strict=True)
    )
    assert (summary.files, summary.skipped, summary.unchanged) == (4, 1, 0)
    os.chmod(inbox / names[4], 0o640)
    summary, _ = run.run(RunSettings(inbox, outbox), Meddler(lambda: None))
    assert (summary.files, summary.skipped, summary.unchanged) == (0, 5, 1), "compared, not read"
    summary, _ = run.run(RunSettings(inbox, outbox), Meddler(lambda: None))
    assert (summary.skipped, summary.unchanged) == (5, 0)


def test_a_clock_that_jumps_back(
    inbox: Path, outbox: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_png(inbox / "1.png", digits[1][0])
    run.run(RunSettings(inbox, outbox), Meddler(lambda: None))
    past = time.gmtime(1_000_000_000)
    monkeypatch.setattr(time, "gmtime", lambda *_: past)
    monkeypatch.setattr(time, "time", lambda: 1_000_000_000.0)
    write_png(inbox / "2.png", digits[2][0])
    os.utime(inbox / "2.png", (999_999_999, 999_999_999))
    summary, _ = run.run(RunSettings(inbox, outbox), Meddler(lambda: None))
    assert (summary.files, summary.skipped) == (1, 1) and 0 <= summary.seconds < 60
    rows = read_csv(outbox)
    assert [row["file"] for row in rows] == ["1.png", "2.png"]
    assert rows[1]["read_at"].startswith("2001-09-09") and rows[0]["read_at"] > rows[1]["read_at"]
    assert not list(outbox.glob("*edited*"))
