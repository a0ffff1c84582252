"""Readers that a file, or every file, makes crash."""

import os
import shutil
import signal
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batchdigits.cli.commands import run
from batchdigits.config import RunSettings
from batchdigits.errors import BatchdigitsError
from batchdigits.images.load import load_pages
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.records import PageRecord, Source
from tests.conftest import read_csv, write_png
from tests.session.conftest import Digits, Meddler, damage, files

pytestmark = [pytest.mark.integration, pytest.mark.faults]


def test_a_damaged_journal_does_not_hide_what_went_wrong_before(
    inbox: Path, outbox: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        write_png(inbox / f"old {number}.png", digits[number % len(digits)][0])
    run.run(RunSettings(inbox, outbox), Meddler(lambda: None))
    damage(outbox, 0, bytes(4096))
    (outbox / "results.csv").unlink()
    for number in range(40):
        write_png(inbox / f"new {number}.png", digits[number % len(digits)][0])
    monkeypatch.setattr("batchdigits.execution.jobs.recognise_chunk", crash)
    with pytest.raises(BatchdigitsError, match="read none"):
        run.run(RunSettings(inbox, outbox), Meddler(lambda: None))


def crash(*_: object) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_reader_that_always_crashes_does_not_empty_the_inbox(
    inbox: Path, outbox: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in range(40):
        write_png(inbox / f"{number}.png", digits[number % len(digits)][0])
    for number in range(12):
        (inbox / f"bad {number}.pdf").write_bytes(b"%PDF-1.7")

    monkeypatch.setattr("batchdigits.execution.jobs.recognise_chunk", crash)
    with pytest.raises(BatchdigitsError, match="read none"):
        run.run(RunSettings(inbox, outbox), Meddler(lambda: None))
    assert len(list(inbox.iterdir())) >= 40
    quarantined = files(outbox / "quarantine")
    assert len(quarantined) + len(list(inbox.iterdir())) == 52


def test_a_file_that_crashes_its_reader_is_set_aside_alone(
    inbox: Path, outbox: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    # A fake, since no picture is known that crashes the decoders.
    for number in range(40):
        write_png(inbox / f"{number}.png", digits[number % len(digits)][0])
    real = recognise_chunk

    def read(sources: list[Source], context: RecognitionContext) -> list[PageRecord]:
        if any(source.name == "17.png" for source in sources):
            os.kill(os.getpid(), signal.SIGKILL)
        return real(sources, context)

    monkeypatch.setattr("batchdigits.execution.jobs.recognise_chunk", read)
    summary, _ = run.run(RunSettings(inbox, outbox), Meddler(lambda: None))
    rows = {row["file"]: row for row in read_csv(outbox)}
    assert (rows["17.png"]["status"], rows["17.png"]["reason"]) == ("quarantined", "crashed_reader")
    assert list(files(outbox / "quarantine")) == ["17.png"] and not (inbox / "17.png").exists()
    assert summary.exit_code == 3 and sum(row["digit"] != "" for row in rows.values()) == 39


@pytest.mark.parametrize("good_count", [20, 0])
def test_many_files_that_crash_their_reader_cost_no_other_its_row(
    inbox: Path,
    outbox: Path,
    digits: Digits,
    monkeypatch: pytest.MonkeyPatch,
    good_count: int,
) -> None:
    for number in range(40):  # those that crash come first
        write_png(inbox / f"bad {number}.png", digits[number % len(digits)][0] // 2)
    for number in range(good_count):
        write_png(inbox / f"good {number}.png", digits[number % len(digits)][0])
    real = recognise_chunk

    def read(sources: list[Source], context: RecognitionContext) -> list[PageRecord]:
        if any(source.name.startswith("bad") for source in sources):
            os.kill(os.getpid(), signal.SIGSEGV)
        return real(sources, context)

    monkeypatch.setattr("batchdigits.execution.jobs.recognise_chunk", read)
    summary, _ = run.run(RunSettings(inbox, outbox, workers=2), Meddler(lambda: None))
    reasons = {row["file"]: row["reason"] for row in read_csv(outbox)}
    assert len(reasons) == 40 + good_count
    bad = {name for name, reason in reasons.items() if reason == "crashed_reader"}
    assert bad == {f"bad {number}.png" for number in range(40)} == set(files(outbox / "quarantine"))
    assert summary.exit_code == 3 and summary.readable == good_count
    assert len(files(outbox / "thumbnails")) == good_count, "of a page of its own nothing is left"


def test_copies_of_a_file_that_took_too_long_are_not_tried_again(
    inbox: Path, outbox: Path, digits: Digits, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    # A fake, since decoders that hang get mended.
    for number in range(10):
        write_png(inbox / f"{number}.png", digits[number % len(digits)][0])
    write_png(tmp_path / "slow.png", digits[0][0] // 2)
    for name in ("slow.png", "slow 2.png", "slow 3.png", "slow 4.png"):
        shutil.copy(tmp_path / "slow.png", inbox / name)
    tries = tmp_path / "tries"
    tries.touch()

    real = load_pages

    def load(data: bytes, *rest: Any) -> Any:
        if data == (tmp_path / "slow.png").read_bytes():
            with tries.open("a") as file:
                file.write("x")
            time.sleep(60)
        return real(data, *rest)

    monkeypatch.setattr("batchdigits.pipeline.measured_pages.load_pages", load)
    # In a sandbox workers could not count their tries.
    settings = RunSettings(inbox, outbox, file_timeout=0.7, workers=1, sandbox=False)
    run.run(settings, Meddler(lambda: None))
    rows = {row["file"]: row["reason"] for row in read_csv(outbox)}
    slow = {name for name, reason in rows.items() if reason == "timed_out"}
    assert slow == {"slow.png", "slow 2.png", "slow 3.png", "slow 4.png"} and len(rows) == 14
    assert tries.read_text() == "xx"  # in its chunk, and alone
    shutil.copy(tmp_path / "slow.png", inbox / "slow 5.png")
    run.run(settings, Meddler(lambda: None))
    assert {row["file"]: row["reason"] for row in read_csv(outbox)}["slow 5.png"] == "timed_out"
    assert tries.read_text() == "xx"
    shutil.copy(tmp_path / "slow.png", inbox / "slow 6.png")
    run.run(replace(settings, file_timeout=0.9), Meddler(lambda: None))
    assert tries.read_text() == "xxx"  # the timeout is another; alone in its chunk, once
