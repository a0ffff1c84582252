"""What a second run over the same outbox does: nothing twice, and nothing lost."""

import json
import os
import shutil
import struct
import subprocess
import sys
import time
import zlib
from pathlib import Path
from zlib import crc32

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from tests.conftest import ROOT, Run, read_csv, write_png

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]


def last_run(outbox: Path) -> dict[str, int]:
    """What ``summary.json`` says of the last run."""
    summary: dict[str, dict[str, int]] = json.loads((outbox / "summary.json").read_text())
    return summary["last_run"]


@pytest.fixture
def scans(inbox: Path, digits: Digits) -> Path:
    """An inbox of ten different scans, one of them in a sub-folder, and a bad one."""
    for number in range(9):
        write_png(inbox / f"{number}.png", digits[number][0])
    write_png(inbox / "sub" / "9.png", digits[9][0])
    (inbox / "bad.png").write_bytes(b"no picture")
    return inbox


def test_a_second_run_reads_nothing_and_says_so(
    batchdigits: Run, scans: Path, outbox: Path
) -> None:
    assert batchdigits("run", scans, outbox).returncode == 3
    before = {path: path.stat().st_mtime_ns for path in sorted(outbox.glob("*/*"))}
    before |= {path: path.stat().st_mtime_ns for path in outbox.glob("results.*")}
    again = batchdigits("run", scans, outbox)
    assert again.returncode == 0 and "Nothing new to read" in again.stderr
    assert "10 files known from an earlier run" in again.stderr
    assert last_run(outbox)["files_read"] == 0 and last_run(outbox)["files_skipped"] == 10
    after = {path: path.stat().st_mtime_ns for path in before}
    private = outbox / ".batchdigits"
    assert {p: t for p, t in after.items() if p.parent != private} == {
        p: t for p, t in before.items() if p.parent != private
    }, "nothing is drawn again that shows the journal already"
    states = {row["file"]: row["source_state"] for row in read_csv(outbox)}
    assert states.pop("bad.png") == "quarantined" and set(states.values()) == {"present"}


def test_only_new_and_changed_files_are_read(
    batchdigits: Run, scans: Path, outbox: Path, digits: Digits
) -> None:
    batchdigits("run", scans, outbox)
    write_png(scans / "10.png", digits[10][0])
    write_png(scans / "0.png", digits[11][0])  # overwritten in place
    os.utime(scans / "1.png")  # touched: the same content
    batchdigits("run", scans, outbox)
    run = last_run(outbox)
    assert (run["files_read"], run["files_skipped"]) == (2, 9)
    rows = read_csv(outbox)
    assert [row["file"] for row in rows] == [
        *(f"{number}.png" for number in (*range(9), 10)), "bad.png", "sub/9.png",
    ]  # fmt: skip
    assert rows[0]["digit"] == digits[11][1]
    assert (outbox / rows[0]["thumbnail"]).exists()
    assert len(list(outbox.glob("thumbnails/*.png"))) == 10, "none is left of what was replaced"


def test_changed_settings_and_force_read_again(batchdigits: Run, scans: Path, outbox: Path) -> None:
    batchdigits("run", scans, outbox)
    changed = batchdigits("run", scans, outbox, "--max-pages", "7")
    assert "settings have changed: 10 files are read again" in changed.stderr
    assert last_run(outbox)["files_read"] == 10
    batchdigits("run", scans, outbox, "--max-pages", "7", "--force")
    assert last_run(outbox)["files_read"] == 10
    assert len(read_csv(outbox)) == 11


@pytest.mark.long
def test_scanners_that_begin_at_one_every_day_lose_no_row(
    batchdigits: Run, inbox: Path, outbox: Path, digits: Digits, tmp_path: Path
) -> None:
    (tmp_path / "archive").mkdir()
    for day in range(3):
        write_png(inbox / "scan0001.png", digits[day][0])
        assert batchdigits("run", inbox, outbox).returncode == 0
        if day == 0:
            (inbox / "scan0001.png").rename(tmp_path / "archive" / f"{day}.png")
        else:
            (inbox / "scan0001.png").unlink()
    assert batchdigits("run", inbox, outbox).returncode == 5
    rows = read_csv(outbox)
    assert [row["file"] for row in rows] == ["scan0001.png"] * 3
    assert [row["digit"] for row in rows] == [digits[day][1] for day in range(3)]
    assert [row["source_state"] for row in rows] == ["gone"] * 3
    pictures = {(outbox / row["thumbnail"]).read_bytes() for row in rows}
    assert len(pictures) == 3, "each row keeps its own thumbnail"


def test_an_edited_report_is_kept(batchdigits: Run, scans: Path, outbox: Path) -> None:
    batchdigits("run", scans, outbox)
    edited = (outbox / "results.csv").read_bytes().replace(b",ok,", b",checked,")
    (outbox / "results.csv").write_bytes(edited)
    again = batchdigits("run", scans, outbox)
    assert "results.csv was changed since it was last written" in again.stderr
    (renamed,) = outbox.glob("results.edited-*.csv")
    assert renamed.read_bytes() == edited and renamed.name in again.stderr
    assert "ok" in {row["status"] for row in read_csv(outbox)}
    batchdigits("run", scans, outbox)
    assert len(list(outbox.glob("*.edited-*"))) == 1


def test_a_removed_report_is_drawn_again(batchdigits: Run, scans: Path, outbox: Path) -> None:
    batchdigits("run", scans, outbox)
    before = (outbox / "results.csv").read_bytes()
    (outbox / "results.csv").unlink()
    batchdigits("run", scans, outbox)
    assert (outbox / "results.csv").read_bytes() == before


def test_an_outbox_belongs_to_its_inbox(
    batchdigits: Run, scans: Path, outbox: Path, tmp_path: Path
) -> None:
    batchdigits("run", scans, outbox)
    moved = tmp_path / "moved"
    scans.rename(moved)
    refused = batchdigits("run", moved, outbox)
    assert refused.returncode == 6 and len(refused.stderr.splitlines()) == 1
    assert all(word in refused.stderr for word in (str(scans), str(moved), "--rebind"))
    done = batchdigits("run", moved, outbox, "--rebind")
    assert done.returncode == 0 and last_run(outbox)["files_read"] == 0


def test_byte_identical_files(batchdigits: Run, inbox: Path, outbox: Path, digits: Digits) -> None:
    for name in ("b/1.png", "2.png", "10.png"):
        write_png(inbox / name, digits[0][0])
    for name in ("empty 1.png", "empty 2.png"):
        (inbox / name).write_bytes(b"")

    def originals(*options: str) -> dict[str, str]:
        batchdigits("run", inbox, outbox, "--quarantine", "off", *options)
        return {row["file"]: row["duplicate_of"] for row in read_csv(outbox)}

    empty = {"empty 1.png": "", "empty 2.png": ""}
    assert originals() == {"2.png": "", "10.png": "2.png", "b/1.png": "2.png"} | empty
    assert originals("--duplicates", "skip") == {"2.png": ""} | empty
    assert set(originals("--duplicates", "read").values()) == {""}


def test_failures_are_taken_again_on_demand(
    batchdigits: Run, scans: Path, outbox: Path, digits: Digits
) -> None:
    write_png(scans / "large.png", np.kron(digits[0][0], np.ones((12, 12), np.uint8)))
    limited = batchdigits("run", scans, outbox, "--max-megapixels", "1")
    assert limited.returncode == 3 and not (scans / "large.png").exists()
    done = batchdigits("run", scans, outbox, "--retry-failed")
    assert done.returncode == 3, "bad.png still is"
    rows = {row["file"]: row for row in read_csv(outbox)}
    assert rows["large.png"]["digit"] == digits[0][1] and (scans / "large.png").exists()
    assert rows["bad.png"]["source_state"] == "quarantined"
    assert sorted(os.listdir(outbox / "quarantine")) == ["bad.png", "bad.png.json"]


@pytest.mark.parametrize("mode", ["each", "sheets", "review", "off"])
def test_thumbnails(batchdigits: Run, scans: Path, outbox: Path, mode: str) -> None:
    write_png(scans / "blank.png", np.full((40, 40), 255, np.uint8))
    batchdigits("run", scans, outbox, "--thumbnails", mode)
    rows = {row["file"]: row["thumbnail"] for row in read_csv(outbox)}
    drawn = {name for name, thumbnail in rows.items() if thumbnail}
    files = len(list((outbox / "thumbnails").rglob("*.png")))
    expected = {"each": set(rows) - {"bad.png"}, "review": {"blank.png"}}
    assert drawn == expected.get(mode, set()) and files == len(drawn)
    assert (outbox / "sheets" / "sheet-0001.png").exists() == (mode != "off")
    # Other pictures asked for later are made, and the sheet shows what it did.
    sheet = outbox / "sheets" / "sheet-0001.png"
    before = sheet.read_bytes() if sheet.exists() else b""
    batchdigits("run", scans, outbox, "--thumbnails", "each")
    again = {row["file"] for row in read_csv(outbox) if row["thumbnail"]}
    assert again == set(rows) - {"bad.png"}
    assert (sheet.read_bytes() == before) == (mode in ("each", "sheets"))


def huge_png(width: int, height: int) -> bytes:
    """A white page of one bit a pixel: small on disk, and seconds to decode."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", crc32(kind + body))

    packer = zlib.compressobj(1)
    row = b"\0" + b"\xff" * (-(-width // 8))
    pixels = b"".join(packer.compress(row * 100) for _ in range(height // 100)) + packer.flush()
    header = struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)
    body = chunk(b"IHDR", header) + chunk(b"IDAT", pixels) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + body


def test_dates_beyond_all_bounds(batchdigits: Run, scans: Path, outbox: Path) -> None:
    for name, date in (("1.png", "2300-01-01"), ("2.png", "1600-01-01")):
        subprocess.run(["touch", "-d", date, str(scans / name)], check=True)
    assert batchdigits("run", scans, outbox).returncode == 3
    assert [row["status"] for row in read_csv(outbox)].count("ok") == 10


def test_retrying_respects_patterns(batchdigits: Run, scans: Path, outbox: Path) -> None:
    batchdigits("run", scans, outbox)
    batchdigits("run", scans, outbox, "--retry-failed", "--exclude", "bad*")
    assert not (scans / "bad.png").exists() and (outbox / "quarantine" / "bad.png").exists()


def test_a_changed_model_card_reads_again(batchdigits: Run, scans: Path, outbox: Path) -> None:
    models = scans.parent / "models"
    shutil.copytree(ROOT / "models", models)
    model = ("--model", models / "digits.tflite")
    batchdigits("run", scans, outbox, *model)
    card = json.loads((models / "digits.json").read_text())
    (models / "digits.json").write_text(json.dumps(card | {"review_below": 0.9999}))
    again = batchdigits("run", scans, outbox, *model)
    assert "settings have changed: 10 files are read again" in again.stderr


def test_a_file_that_takes_too_long_is_set_aside_alone(
    batchdigits: Run, scans: Path, outbox: Path
) -> None:
    slow = huge_png(40_000, 12_000)
    (scans / "5 slow.png").write_bytes(slow)
    done = batchdigits("run", scans, outbox, "--file-timeout", "1", "--max-megapixels", "500")
    assert done.returncode == 3, done.stderr
    rows = {row["file"]: row for row in read_csv(outbox)}
    late = rows.pop("5 slow.png")
    assert (late["status"], late["reason"]) == ("quarantined", "timed_out")
    assert late["sha256"] and (outbox / "quarantine" / "5 slow.png").read_bytes() == slow
    assert [row["status"] for row in rows.values()].count("ok") == 10
    assert "--file-timeout" in (outbox / "quarantine" / "5 slow.png.json").read_text()


def test_a_bomb_fails_alone(batchdigits: Run, scans: Path, outbox: Path) -> None:
    bomb = np.zeros((9000, 9000, 4), np.uint16)
    (scans / "5 bomb.png").write_bytes(cv2.imencode(".png", bomb)[1].tobytes())
    done = batchdigits("run", scans, outbox, "--worker-memory", "400")
    assert done.returncode == 3, done.stderr
    rows = {row["file"]: row for row in read_csv(outbox)}
    assert rows["5 bomb.png"]["status"] in ("quarantined", "failed")
    assert [row["status"] for row in rows.values()].count("ok") == 10


def test_a_second_process_is_refused(scans: Path, outbox: Path, batchdigits: Run) -> None:
    program = (
        "import time; from pathlib import Path\n"
        "from batchdigits.session.outbox import open_outbox\n"
        f"with open_outbox(Path({str(outbox)!r})): print('held', flush=True); time.sleep(60)"
    )
    holder = subprocess.Popen([sys.executable, "-c", program], stdout=subprocess.PIPE, text=True)
    assert holder.stdout is not None and holder.stdout.readline() == "held\n"
    refused = batchdigits("run", scans, outbox)
    assert refused.returncode == 6 and f"in use by another batchdigits (process {holder.pid})" in (
        refused.stderr
    )
    holder.kill()
    holder.wait()
    started = time.monotonic()
    assert batchdigits("run", scans, outbox).returncode == 3
    assert time.monotonic() - started < 20
