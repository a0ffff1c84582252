"""A session's workers may be anywhere: here a backend that keeps to the protocol and no more."""

import pickle
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import ClassVar

import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from batchdigits.cli.commands import run
from batchdigits.config import RunSettings, Thumbnails
from batchdigits.execution.backend import ExecutionBackend, TaskFailure
from batchdigits.execution.jobs import Job, JobRunner, SheetJob
from batchdigits.execution.results import pack_result, unpack_answer
from batchdigits.journal.entries import FileEntry
from batchdigits.records import Source
from batchdigits.session.summary import Summary
from tests.conftest import read_csv, write_png
from tests.support.image_samples import encode_tiff_pages

pytestmark = pytest.mark.integration


class SameProcessBackend:
    """Runs jobs in this very process, as if they had come from afar and had no outbox."""

    workers_share_outbox: ClassVar[bool] = False

    def __init__(self, outbox: Path) -> None:
        self._outbox = outbox

    @contextmanager
    def start_workers(self, work: JobRunner, count: int) -> Iterator["SameProcessWorkers"]:
        yield SameProcessWorkers(work, self._outbox)


class SameProcessWorkers:
    def __init__(self, work: JobRunner, outbox: Path) -> None:
        self._work = work
        self._outbox = outbox
        self.pids: list[int] = []

    def replace_dead(self) -> None: ...

    def run(
        self, chunks: Iterable[list[Job]], should_stop: Callable[[], bool]
    ) -> Iterator[tuple[list[Job], list[FileEntry | None] | TaskFailure]]:
        for chunk in chunks:
            if should_stop():
                return
            poisonous = [job for job in chunk if isinstance(job, Source) and "poison" in job.name]
            for job in poisonous:
                yield [job], TaskFailure(timed_out=True)
            rest = [job for job in chunk if job not in poisonous]
            if rest:
                assert not any(isinstance(job, SheetJob) for job in rest)
                before = pictures(self._outbox)
                packed = pack_result(self._work(pickle.loads(pickle.dumps(rest))))
                result = self._work.check(rest, unpack_answer(packed, 1 << 24))
                assert pictures(self._outbox) == before, "nothing is written by a worker"
                yield rest, result


class Listener:
    def on_start(self, files: int) -> None: ...

    def on_progress(self, summary: Summary) -> None: ...

    def get_stop_signal(self) -> int:
        return 0


def pictures(outbox: Path) -> dict[str, bytes]:
    return {
        path.relative_to(outbox).as_posix(): path.read_bytes() for path in outbox.rglob("*.png")
    }


def rows_and_pictures(
    inbox: Path, outbox: Path, thumbnails: Thumbnails, backend: ExecutionBackend | None
) -> tuple[list[dict[str, str]], dict[str, bytes]]:
    run.run(RunSettings(inbox, outbox, thumbnails=thumbnails), Listener(), backend)
    return [{**row, "read_at": ""} for row in read_csv(outbox)], pictures(outbox)


@pytest.fixture
def scans(inbox: Path, digits: list[tuple[GrayImage, str]]) -> Path:
    for number in range(130):  # more than two chunks, and than a contact sheet has cells
        image = digits[number % len(digits)][0].copy()
        image[0, 0] = number
        write_png(inbox / f"form {number % 3}" / f"{number}.png", image)
    write_png(inbox / "blank.png", np.full((40, 40), 255, np.uint8))
    (inbox / "pages.tif").write_bytes(encode_tiff_pages([digits[0][0], digits[1][0]]))
    return inbox


@pytest.mark.parametrize("thumbnails", Thumbnails)
def test_a_backend_that_does_not_share_the_outbox_gives_the_same_outbox(
    scans: Path, outbox: Path, thumbnails: Thumbnails
) -> None:
    local, elsewhere = outbox / "local", outbox / "elsewhere"
    expected = rows_and_pictures(scans, local, thumbnails, None)
    rows, files = rows_and_pictures(scans, elsewhere, thumbnails, SameProcessBackend(elsewhere))
    assert len(rows) == 133 and (rows, files) == expected
    sheets = {name for name in files if name.startswith("sheets/")}
    assert bool(sheets) == (thumbnails is not Thumbnails.OFF)
    drawn = {Thumbnails.EACH: 133, Thumbnails.REVIEW: 1}.get(thumbnails, 0)
    assert len(files) - len(sheets) >= drawn


def test_a_failure_is_a_row_whichever_backend_had_it(
    inbox: Path, outbox: Path, digits: list[tuple[GrayImage, str]]
) -> None:
    write_png(inbox / "1.png", digits[0][0])
    write_png(inbox / "poison.png", digits[1][0])
    rows, files = rows_and_pictures(inbox, outbox, Thumbnails.EACH, SameProcessBackend(outbox))
    assert [(row["file"], row["reason"]) for row in rows] == [
        ("1.png", ""),
        ("poison.png", "timed_out"),
    ]
    assert set(files) == {
        "thumbnails/1.png.p1.png",
        "sheets/sheet-0001.png",
        "quarantine/poison.png",
    }
