"""What seems wrong with the scanner is said in plain sentences, and ordinary folders raise none."""

import json
import sqlite3
from pathlib import Path

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from tests.conftest import Run, write_png

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]


def alarms(outbox: Path) -> list[str]:
    sentences: list[str] = json.loads((outbox / "summary.json").read_text())["alarms"]
    return sentences


def fill(inbox: Path, digits: Digits, count: int, start: int = 0, contrast: float = 1.0) -> None:
    for number in range(start, start + count):
        image = digits[number % len(digits)][0].astype(np.float32)
        pale = (255 - (255 - image) * contrast).astype(np.uint8)
        pale[0, 0] = number % 250
        write_png(inbox / f"{number:04d}.png", pale)


def yesterday(outbox: Path) -> None:
    """Make all that was read older by a day."""
    with sqlite3.connect(outbox / ".batchdigits" / "journal.sqlite3") as sql:
        sql.execute("UPDATE pages SET read_at = strftime('%Y-%m-%dT%H:%M:%SZ', read_at, '-1 day')")


def test_folders_of_one_run_may_differ(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    fill(inbox / "a", digits, 200)
    fill(inbox / "b", digits, 60, contrast=0.4)
    batchdigits("run", inbox, outbox, "--thumbnails", "off")
    assert alarms(outbox) == []


def test_an_ordinary_folder_raises_none(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    fill(inbox, digits, 220)
    blank = np.full((60, 60), 255, np.uint8)
    for number in range(5):
        write_png(inbox / f"blank{number}.png", blank)
    done = batchdigits("run", inbox, outbox, "--thumbnails", "off")
    assert done.returncode == 0 and alarms(outbox) == []


def test_a_run_of_blanks(batchdigits: Run, inbox: Path, outbox: Path, digits: Digits) -> None:
    fill(inbox, digits, 20)
    for number in range(12):
        write_png(inbox / f"0009-{number}.png", np.full((60, 60), 250, np.uint8))
    done = batchdigits("run", inbox, outbox)
    (alarm,) = alarms(outbox)
    assert alarm.startswith("12 pages in a row are blank, from 0009-0.png to 0009-11.png")
    assert (
        alarm in done.stderr.replace("\n", " ")
        and alarm[:40] in (outbox / "report.html").read_text()
    )


def test_one_digit_that_dominates(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    (same, value) = digits[1]
    for number in range(80):
        image = same.copy()
        image[0, 0] = number
        write_png(inbox / f"{number}.png", image)
    fill(inbox, digits, 15, 100)
    batchdigits("run", inbox, outbox)
    (alarm,) = alarms(outbox)
    assert f"of 95 digits are read as {value}" in alarm


def test_ink_that_gets_paler(batchdigits: Run, inbox: Path, outbox: Path, digits: Digits) -> None:
    fill(inbox, digits, 200)
    batchdigits("run", inbox, outbox, "--thumbnails", "off")
    assert alarms(outbox) == []
    yesterday(outbox)
    fill(inbox, digits, 60, 300, contrast=0.3)
    batchdigits("run", inbox, outbox, "--thumbnails", "off")
    assert any("much paler than before" in alarm for alarm in alarms(outbox))


def test_doubt_that_grows(batchdigits: Run, inbox: Path, outbox: Path, digits: Digits) -> None:
    fill(inbox, digits, 200)
    batchdigits("run", inbox, outbox, "--thumbnails", "off")
    yesterday(outbox)
    rng = np.random.default_rng(5)
    for number in range(60):
        scribble = np.full((90, 90), 255, np.uint8)
        points = rng.integers(10, 80, (9, 2)).astype(np.int32)
        cv2.polylines(scribble, [points], False, 40, 4)
        write_png(inbox / f"z{number}.png", scribble)
    batchdigits("run", inbox, outbox, "--thumbnails", "off")
    assert any("of the last 50 pages are in doubt" in alarm for alarm in alarms(outbox))


def test_dust_on_the_glass(batchdigits: Run, inbox: Path, outbox: Path, digits: Digits) -> None:
    rng = np.random.default_rng(3)

    def scan(number: int, dust: bool) -> None:
        page = rng.normal(235, 4, (240, 200)).clip(0, 255).astype(np.uint8)
        digit = digits[number % len(digits)][0]
        top, left = rng.integers(5, 120), rng.integers(20, 100)
        page[top : top + digit.shape[0], left : left + digit.shape[1]] = digit
        if dust:
            page[:, 12:14] = 90
        write_png(inbox / f"{number:03d}.png", page)

    for number in range(40):
        scan(number, dust=False)
    batchdigits("run", inbox, outbox, "--thumbnails", "off")
    assert alarms(outbox) == []
    for number in range(40, 70):
        scan(number, dust=True)
    batchdigits("run", inbox, outbox, "--thumbnails", "off")
    assert alarms(outbox) == [
        "The last 30 pages share a dark line 12 pixels from the left: unless it is "
        "printed there, clean the scanner's glass."
    ]


@pytest.mark.parametrize("count", [0, 1, 49])
def test_few_pages_tell_nothing(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits, count: int
) -> None:
    fill(inbox, [digits[2]], count)
    write_png(inbox / "x.png", digits[3][0])
    batchdigits("run", inbox, outbox)
    assert alarms(outbox) == []
