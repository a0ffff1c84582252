"""Readers that a file, or every file, makes crash."""

import os
import signal
from pathlib import Path

import pytest

from batchdigits.cli.commands import run
from batchdigits.config import RunSettings
from batchdigits.errors import BatchdigitsError
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
