"""The main job as its user meets it: real files, a real process, and what it writes."""

import csv
import json
import os
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.execution.chunks import CHUNK_FILES
from batchdigits.journal.columns import TABLE_HEADER
from tests.conftest import ROOT, Run, read_csv, write_png

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]


def truth() -> dict[tuple[str, str], str]:
    with (ROOT / "tests" / "inbox_truth.csv").open(encoding="utf-8", newline="") as file:
        return {(row["file"], row["page"]): row["expected"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory, batchdigits: Run) -> Path:
    """The sample inbox, read once by the program itself."""
    folder = tmp_path_factory.mktemp("sample")
    shutil.copytree(ROOT / "inbox", folder / "inbox")
    done = batchdigits("run", "inbox", "outbox", cwd=folder)
    assert done.returncode == 3, done.stderr
    assert done.stdout == "", "stdout stays free for data"
    assert "77 files, 78 pages" in done.stderr
    return folder


def test_the_sample_inbox_is_read_right(sample: Path) -> None:
    rows = {
        (row["file"].removeprefix("'"), row["page"]): row for row in read_csv(sample / "outbox")
    }
    expected = truth()
    assert set(rows) == set(expected), "one row for every page, none lost, none made up"
    for key, what in expected.items():
        row = rows[key]
        if what.isdigit():
            assert (row["status"], row["digit"]) == ("ok", what) or row["status"] == "review", row
        else:
            assert row["reason"] == what
    read = [key for key, what in expected.items() if what.isdigit()]
    right = sum(rows[key]["digit"] == expected[key] for key in read)
    sure = sum(rows[key]["status"] == "ok" for key in read)
    assert right >= len(read) - 1 and sure >= 0.9 * len(read)


def test_unread_files_are_moved_and_read_ones_stay(sample: Path) -> None:
    bad = {"broken off.jpg", "half.png", "empty.png", "renamed note.png"}
    quarantine = sample / "outbox" / "quarantine" / "troubled"
    assert set(os.listdir(quarantine)) == bad | {f"{name}.json" for name in bad}
    for path in (ROOT / "inbox").rglob("*"):
        here = sample / "inbox" / path.relative_to(ROOT / "inbox")
        if path.is_file() and path.name not in bad:
            assert here.read_bytes() == path.read_bytes()
        elif path.name in bad:
            assert not here.exists()


def test_every_read_page_has_a_thumbnail_and_a_place_on_a_sheet(sample: Path) -> None:
    outbox = sample / "outbox"
    rows = read_csv(outbox)
    named = [row["thumbnail"] for row in rows if row["status"] in ("ok", "review")]
    assert len(set(named)) == len(named) and all(named)
    assert not any(row["thumbnail"] for row in rows if row["status"] == "quarantined")
    on_disk = {str(path.relative_to(outbox)) for path in (outbox / "thumbnails").rglob("*.png")}
    assert on_disk == set(named)
    assert all(cv2.imread(str(outbox / name)) is not None for name in named)
    assert os.listdir(outbox / "sheets") == ["sheet-0001.png"]


def test_json_holds_the_same_rows_and_more(sample: Path) -> None:
    outbox = sample / "outbox"
    content = json.loads((outbox / "results.json").read_text(encoding="utf-8"))
    rows = read_csv(outbox)
    assert content["schema"] == 2 and len(content["model"]["sha256"]) == 64
    assert content["versions"]["opencv-python-headless"] and content["settings"]["quarantine"]
    assert len(content["rows"]) == len(rows)
    for entry, row in zip(content["rows"], rows, strict=True):
        assert entry["file"] == (row["file"][1:] if row["file"].startswith("'") else row["file"])
        for column in TABLE_HEADER[1:]:
            assert str("" if entry[column] is None else entry[column]) == row[column]
        if entry["digit"] is not None:
            assert len(entry["scores"]) == 10 and len(entry["ink_box"]) == 4
            assert int(np.argmax(entry["scores"])) == entry["digit"]


def test_the_summary_counts_what_the_table_shows(sample: Path) -> None:
    outbox = sample / "outbox"
    summary = json.loads((outbox / "summary.json").read_text(encoding="utf-8"))
    rows = read_csv(outbox)
    assert summary["rows"] == len(rows) == sum(summary["statuses"].values())
    assert summary["files"] == len({row["file"] for row in rows})
    assert summary["statuses"]["quarantined"] == 4 and summary["reasons"]["truncated"] == 2
    assert summary["left_alone"]["not_images"] == ["notes.txt"]
    assert summary["last_run"]["exit_code"] == 3


@pytest.mark.long
def test_corrupt_files_anywhere_change_no_other_row(
    batchdigits: Run, tmp_path: Path, digits: Digits
) -> None:
    count = CHUNK_FILES + 10

    def scores(bad: set[int]) -> dict[str, object]:
        inbox, outbox = tmp_path / f"in{len(bad)}", tmp_path / f"out{len(bad)}"
        for i in range(count):
            path = write_png(inbox / f"{i}.png", digits[i % len(digits)][0])
            if i in bad:
                path.write_bytes(path.read_bytes()[:50])
        assert batchdigits("run", inbox, outbox, "-q").returncode == (3 if bad else 0)
        rows = json.loads((outbox / "results.json").read_text())["rows"]
        assert [row["file"] for row in rows] == [f"{i}.png" for i in range(count)]
        assert {i for i, row in enumerate(rows) if row["status"] == "quarantined"} == bad
        return {row["file"]: (row["digit"], row["scores"]) for row in rows if row["scores"]}

    clean = scores(set())
    for bad in (
        {0},
        {1, CHUNK_FILES - 1, CHUNK_FILES},
        set(range(0, count, 3)),
        set(range(1, count)),
    ):
        dirty = scores(bad)
        assert dirty == {name: clean[name] for name in dirty}
        assert len(dirty) == count - len(bad)


def test_names_of_every_kind_and_no_collisions(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    names = ["a/1.png", "b/1.png", "a/1.jpg", "=1+1.png", "NA", "new\nline.png", "x" * 251 + ".png",
             "tab\t.png", "日本 😀 ü'\"#.png", os.fsdecode(b"caf\xe9.png"), "a/1.png.p1.png",
             "c.p1.png/x.png", "c"]  # fmt: skip
    for i, name in enumerate(names):
        write_png(inbox / name, digits[i % len(digits)][0])
    done = batchdigits("run", inbox, outbox)
    assert done.returncode == 0, done.stderr
    rows = read_csv(outbox)
    assert len(rows) == len(names)
    thumbnails = {row["thumbnail"] for row in rows}
    assert len(thumbnails) == len(names)
    assert all((outbox / name).is_file() for name in thumbnails)
    assert "caf\\xe9.png" in [row["file"] for row in rows]
    assert "'=1+1.png" in [row["file"] for row in rows]


def test_a_second_run_shows_the_same_again(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    for i, (image, _) in enumerate(digits):
        write_png(inbox / f"{i}.png", image)
    (inbox / "bad.png").write_bytes(b"")

    def table() -> list[dict[str, str]]:
        assert batchdigits("run", inbox, outbox, "--quarantine", "copy").returncode == 3
        return [{**row, "read_at": ""} for row in read_csv(outbox)]

    assert table() == table()
    assert sorted(os.listdir(outbox / "quarantine")) == ["bad.png", "bad.png.json"]


def test_unsupported_files_stay_and_the_table_says_what_to_do(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits
) -> None:
    write_png(inbox / "good.png", digits[0][0])
    (inbox / "form.pdf").write_bytes(b"junk before %PDF-1.7")
    (inbox / "logo.svg").write_text("<!--" + "x" * 2000 + "--><svg></svg>")
    (inbox / "old.tga").write_bytes(bytes(18))
    (inbox / "icon").write_bytes(b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0")
    done = batchdigits("run", inbox, outbox)
    assert done.returncode == 3 and "export it as PNG" in " ".join(done.stderr.split())
    reasons = {row["file"]: (row["status"], row["reason"]) for row in read_csv(outbox)}
    assert reasons["form.pdf"] == reasons["logo.svg"] == ("failed", "unsupported")
    assert reasons["old.tga"] == reasons["icon"] == ("failed", "unsupported")
    assert len(os.listdir(inbox)) == 5
