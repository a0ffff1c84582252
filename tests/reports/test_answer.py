"""The answer that people go on with: what they said, what is sure, and what is left to check."""

import json
import shutil
import sqlite3
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

from batchdigits.journal.schema import migrate
from tests.conftest import ROOT, Run, read_csv

pytestmark = pytest.mark.integration

#: What the sample forms and three more pages are.
BLANK, TICK, ODD = "blank.png", "tick.png", "two.png"


@pytest.fixture
def read(batchdigits: Run, inbox: Path, outbox: Path) -> Path:
    """An outbox of sure digits, a blank page, a scribble and two digits on a page."""
    shutil.copytree(ROOT / "inbox" / "forms", inbox, dirs_exist_ok=True)
    cv2.imwrite(str(inbox / BLANK), np.full((90, 90), 250, np.uint8))
    random = np.random.default_rng(5)
    scribble = np.full((90, 90), 250, np.uint8)
    points = random.integers(12, 78, (40, 1, 2)).astype(np.int32)
    cv2.polylines(scribble, [points], False, 20, 2, cv2.LINE_AA)
    cv2.imwrite(str(inbox / TICK), scribble)
    pages = [cv2.imread(str(inbox / f"digit{i}.png"), cv2.IMREAD_GRAYSCALE) for i in (1, 2)]
    height = min(page.shape[0] for page in pages if page is not None)
    two = np.hstack([page[:height] for page in pages if page is not None])
    cv2.imwrite(str(inbox / ODD), two)
    assert batchdigits("run", inbox, outbox, "-q", "--xlsx", "--parquet").returncode == 0
    return outbox


def rows_of(outbox: Path) -> dict[str, dict[str, str]]:
    return {row["file"]: row for row in read_csv(outbox)}


def correct(batchdigits: Run, outbox: Path, words: dict[str, str], folder: Path) -> str:
    typed = folder / "typed.csv"
    lines = [f"{name},{word}" for name, word in words.items()]
    typed.write_text("\n".join(["file,corrected_digit", *lines]), encoding="utf-8")
    done = batchdigits("correct", outbox, typed)
    assert done.returncode == 0, done.stderr
    return done.stderr


def test_what_is_in_doubt_has_no_answer_until_somebody_gives_one(
    batchdigits: Run, read: Path, tmp_path: Path
) -> None:
    before = rows_of(read)
    for row in before.values():
        assert row["final_digit"] == (row["digit"] if row["status"] == "ok" else "")
        assert row["checked"] == row["corrected_digit"] == ""
    assert {before[name]["status"] for name in (BLANK, TICK, ODD)} == {"review"}
    assert before[TICK]["reason"] == "not_a_digit"
    assert before[TICK]["digit"] == before[TICK]["confidence"] == ""
    assert before[TICK]["second_digit"] and before[TICK]["second_confidence"]
    correct(batchdigits, read, {TICK: "-1", ODD: "3", "digit1.png": "4"}, tmp_path)
    after = rows_of(read)
    assert after[TICK]["final_digit"] == "-" and after[TICK]["corrected_digit"] == "-1"
    assert after[ODD]["final_digit"] == "3" and after["digit1.png"]["final_digit"] == "4"
    assert [name for name, row in after.items() if row["checked"] == "person"] == sorted(
        [TICK, ODD, "digit1.png"], key=list(after).index
    )
    for name, row in after.items():
        kept = ("status", "reason", "digit", "confidence", "second_digit")
        assert [row[key] for key in kept] == [before[name][key] for key in kept]


def test_every_format_has_the_same_answer(batchdigits: Run, read: Path, tmp_path: Path) -> None:
    correct(batchdigits, read, {TICK: "-1", ODD: "3"}, tmp_path)
    listed = json.loads((read / "results.json").read_text())
    assert listed["schema"] == 2
    answers = {row["file"]: (row["final_digit"], row["checked"]) for row in listed["rows"]}
    assert answers[TICK] == (None, "person") and answers[ODD] == (3, "person")
    assert answers[BLANK] == (None, None)
    table = pd.read_parquet(read / "results.parquet").set_index("file")
    assert pd.isna(table.loc[TICK, "final_digit"]) and table.loc[ODD, "final_digit"] == 3
    sheet = pd.read_excel(read / "results.xlsx", engine="calamine", dtype=object)
    cells = sheet.set_index("file")["final_digit"]
    assert cells[TICK] == "-" and cells[ODD] == 3 and pd.isna(cells[BLANK])


def test_what_was_checked_is_no_longer_counted_as_doubt(
    batchdigits: Run, read: Path, tmp_path: Path
) -> None:
    before = json.loads((read / "summary.json").read_text())
    assert before["statuses"]["review"] == 3 and before["checked"] == 0
    assert sum(before["digits"].values()) == before["statuses"]["ok"]
    correct(batchdigits, read, {TICK: "-1", ODD: "3"}, tmp_path)
    after = json.loads((read / "summary.json").read_text())
    assert after["statuses"] == before["statuses"] | {"review": 1} and after["checked"] == 2
    assert after["digits"]["3"] == before["digits"]["3"] + 1
    assert sum(after["digits"].values()) == sum(before["digits"].values()) + 1
    assert sum(after["doubtful_digits"].values()) <= after["statuses"]["review"]
    assert after["reasons"] == {"blank": 1}
    part = tmp_path / "part"
    assert batchdigits("report", read, "--to", part, "--status", "review").returncode == 0
    assert list(rows_of(part)) == [BLANK]


def test_a_folder_of_pages_in_doubt_says_so(batchdigits: Run, inbox: Path, outbox: Path) -> None:
    pages = [
        cv2.imread(str(ROOT / "inbox" / "forms" / f"digit{i}.png"), cv2.IMREAD_GRAYSCALE)
        for i in range(1, 17)
    ]
    for number in range(24):
        both = [pages[number % 16], pages[(number + 1) % 16]]
        height = min(page.shape[0] for page in both if page is not None)
        two = np.hstack([page[:height] for page in both if page is not None])
        cv2.imwrite(str(inbox / f"{number}.png"), two)
    done = batchdigits("run", inbox, outbox)
    assert "batchdigits reads one digit per image" in " ".join(done.stderr.split())


def test_an_earlier_journal_gives_up_the_digits_of_what_is_none() -> None:
    journal = sqlite3.connect(":memory:", isolation_level=None)
    migrate(journal, 4)
    insert = "INSERT INTO pages (file, page, status, reason, digit, confidence, second_digit, "
    insert += "second_confidence, read_at) VALUES (?, 1, 'review', ?, 7, 0.6, 1, 0.2, '')"
    journal.executemany(insert, [(1, "not_a_digit"), (2, "two_candidates")])
    migrate(journal)
    columns = "digit, confidence, second_digit, second_confidence"
    found = journal.execute(f"SELECT {columns} FROM pages ORDER BY file").fetchall()
    assert found == [(None, None, 7, 0.6), (7, 0.6, 1, 0.2)]


def test_a_table_of_the_old_order_comes_back(batchdigits: Run, read: Path, tmp_path: Path) -> None:
    """Tables of earlier versions had the guess as their digit, and the correction last."""
    typed = tmp_path / "old.csv"
    names = ["file", "page", "status", "digit", "confidence", "second_digit", "reason", "sha256"]
    lines = [",".join([*names, "model", "corrected_digit"])]
    for name, row in rows_of(read).items():
        if row["reason"] == "not_a_digit":
            row = row | {"digit": row["second_digit"], "confidence": row["second_confidence"]}
        word = "-1" if name == TICK else ""
        lines.append(",".join([*(row[key] for key in names), row["model"], word]))
    typed.write_text("\n".join(lines), encoding="utf-8")
    done = batchdigits("correct", read, typed)
    assert done.returncode == 0 and "left out" not in done.stderr, done.stderr
    assert rows_of(read)[TICK]["final_digit"] == "-"
