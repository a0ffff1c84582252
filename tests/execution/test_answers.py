"""What a worker answers that a file has taken over, and what becomes of it: that file's failure."""

import json
import os
import pickle
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits, ReaderLimits, Thumbnails
from batchdigits.execution import isolated_reader, record_answers
from batchdigits.execution.backend import TaskFailure
from batchdigits.execution.entry_answers import to_plain
from batchdigits.execution.failures import explain_failure
from batchdigits.execution.isolated_reader import fork_reader
from batchdigits.execution.jobs import Job, JobRunner, RecheckJob, RejectJob, SheetJob
from batchdigits.execution.pool import WorkerPool
from batchdigits.execution.results import (
    compute_max_answer_bytes,
    pack_error,
    pack_result,
    unpack_answer,
)
from batchdigits.inference.engine import Engine
from batchdigits.journal.checks import check_rows
from batchdigits.journal.entries import FileEntry, PageEntry
from batchdigits.journal.files import PendingFile, ReaderVersion
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.reasons import Reason, Rejection, Status
from batchdigits.records import FileStat, Source
from batchdigits.session.outbox import open_outbox
from batchdigits.system.filenames import make_order_key
from batchdigits.system.sandbox.plain_messages import BadMessageError
from batchdigits.upkeep.journal_check import BROKEN_FILES, create_check_functions
from tests.conftest import Run, read_csv, write_png
from tests.execution.test_pool import is_socket
from tests.execution.test_sandbox import start_with
from tests.support.image_samples import encode_tiff_pages

pytestmark = [pytest.mark.integration, pytest.mark.faults]

Digits = list[tuple[GrayImage, str]]
_TAKEN_OVER = """\
from batchdigits.execution.jobs import JobRunner
from tests.execution import test_answers
JobRunner._run_jobs = test_answers.lie(JobRunner._run_jobs)
"""


def change_stat(**values: int) -> Callable[[FileEntry], FileEntry]:
    return lambda entry: entry._replace(file_stat=entry.file_stat._replace(**values))


def change_page(**values: Any) -> Callable[[FileEntry], FileEntry]:
    return lambda entry: change_pages(entry, [entry.pages[0]._replace(**values)])


def change_pages(entry: FileEntry, pages: list[PageEntry]) -> FileEntry:
    return FileEntry.from_pages(entry.file_stat, entry.sha256, pages)


#: What no worker answers, by what is wrong with it.
LIES: dict[str, Callable[[FileEntry], FileEntry]] = {
    "bare": lambda entry: change_pages(entry, []),
    "box": change_page(box='[1,2,3,"4"]'),
    "box of no JSON": change_page(box="[01,2,3,4]"),
    "confidence": change_page(confidence=1.5),
    "contrast": change_page(contrast=-0.1),
    "detail": change_page(detail="\ud800"),
    "detail of a reading": change_page(detail="A sentence."),
    "digit": change_page(digit=77),
    "group": change_stat(gid=-2),
    "hash": lambda entry: entry._replace(sha256="../x\n"),
    "huge": change_stat(size=2**70),
    "image": change_page(image=b"junk"),
    "infinite": change_page(confidence=float("inf")),
    "marks": change_page(marks=-1),
    "mode": change_stat(mode=0o4777),
    "negative": change_stat(size=-1),
    "no digit": change_page(digit=None),
    "no hash": lambda entry: entry._replace(sha256=""),
    "no image": change_page(image=None),
    "no reason": change_page(status="quarantined", reason=None),
    "page": change_page(page=2**70),
    "page 2": change_page(page=2),
    "picture": lambda entry: entry._replace(thumbnail_pngs=[(1, b"png")]),
    "reason of another status": change_page(status="ok", reason="blank"),
    "scores": change_page(scores="[0.1,0.2]"),
    "streak": change_page(streak=10_000),
    "thumbnail": change_page(thumbnail="../../../../etc/passwd"),
    "thumbnail of another": change_page(thumbnail="thumbnails/0 good.png.p1.png"),
    "time": change_page(read_at="xxx"),
    "time in February": change_page(read_at="2024-02-31T00:00:00Z"),
    "time in no year": change_page(read_at="0000-01-01T00:00:00Z"),
    "time in the last year": change_page(read_at="9999-12-31T23:59:59Z"),
    "twice": lambda entry: change_pages(entry, entry.pages * 2),
    "width": change_page(width=0),
    "word": change_page(status="fine"),
}


def lie(run_jobs: Callable[..., list[FileEntry | None]]) -> Any:
    """Make what stands for a worker that files have taken over, each with its lie in its name."""

    def run(self: JobRunner, jobs: list[Job]) -> list[FileEntry | None]:
        if any(isinstance(job, Source) and job.name == "full.png" for job in jobs):
            raise OSError(28, "No space left on device")
        entries = run_jobs(self, jobs)
        return [
            LIES[Path(job.name).stem](entry)
            if isinstance(job, Source) and entry and Path(job.name).stem in LIES
            else entry
            for job, entry in zip(jobs, entries, strict=True)
        ]

    return run


def test_lies_cost_a_row_each_and_poison_no_journal(
    batchdigits: Run,
    inbox: Path,
    outbox: Path,
    digits: Digits,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    for number, name in enumerate(("0 good", *LIES, "full", "z good")):
        image = digits[number % len(digits)][0].copy()
        image[0, 0] = number
        write_png(inbox / f"{name}.png", image)
    start_with(_TAKEN_OVER, tmp_path, monkeypatch)
    done = batchdigits("run", inbox, outbox)
    assert done.returncode == 3, done.stderr
    rows = {row["file"].removesuffix(".png"): row for row in read_csv(outbox)}
    assert rows["0 good"]["digit"] == digits[0][1] and rows["z good"]["digit"]
    assert {name: rows[name]["reason"] for name in (*LIES, "full")} == {
        **dict.fromkeys(LIES, "crashed_reader"),
        "full": "io_error",
    }
    assert {path.stem for path in inbox.iterdir()} == {"0 good", "full", "z good"}
    details = {row["detail"] for row in json.loads((outbox / "results.json").read_text())["rows"]}
    assert "The reader ended with an answer that was refused: a hash that is none." in details
    assert not any("SIGKILL" in str(detail) for detail in details)
    # Of 11: the thumbnails that were drawn before the lie belong to no row.
    for command in ("report", "verify", "run"):
        told = batchdigits(command, *([inbox] if command == "run" else []), outbox)
        assert told.returncode in (0, 3, 11), (told.stdout, told.stderr)


@pytest.fixture
def context(engine: Engine, tmp_path: Path) -> RecognitionContext:
    return RecognitionContext(engine, outbox=tmp_path.resolve())


@pytest.fixture
def source(tmp_path: Path, digits: Digits) -> Source:
    return Source(str(write_png(tmp_path / "a.png", digits[0][0])), "a.png")


def over_the_wire(answer: object) -> Any:
    """Send an answer as a worker may that packs it by itself: with whatever JSON can hold."""
    data = json.dumps(["result", answer]).encode()
    return unpack_answer(data, compute_max_answer_bytes(Limits()))


def set_deep(values: Any, path: tuple[int, ...], value: object) -> Any:
    values = json.loads(json.dumps(values))
    part = values
    for index in path[:-1]:
        part = part[index]
    part[path[-1]] = value
    return values


#: Odd values for any place.
ODD: list[Any] = [
    *(2**70, -(2**70), 2**63, -1, 10**9, 0.5, float("nan"), float("inf"), "", "xxx", "\ud800"),
    *("../../etc/passwd", "\x00", [], [[]], {}, True, "9" * 20_000),
]
#: Places in what is answered for a file, and which of the odd values are as good as others there.
PLACES: dict[tuple[int, ...], list[Any]] = {
    **{(0, index): [10**9] for index in (0, 6)},
    **{(0, index): [10**9, -1] for index in (1, 2, 3, 4)},
    (0, 5): [],
    (1,): [],
    (2,): [],
    (3,): [[]],
    (2, 0): [],
    **{(2, 0, index): [] for index in (0, 1, 2, 3, 4, 6, 10, 11, 12, 13, 16, 17)},
    **{(2, 0, index): [0.5] for index in (5, 7, 14)},
    **{(2, 0, index): [10**9] for index in (8, 9, 15)},
}
PLACES[(0, 6)] = [10**9, -1]


def test_each_value_of_an_entry_is_held_against_its_rules(
    source: Source, context: RecognitionContext
) -> None:
    runner = JobRunner(context)
    answer = unpack_answer(pack_result(runner([source])), 1 << 20)
    (entry,) = runner.check([source], answer)
    assert entry and entry.readable and entry.pages[0].image and entry.pages[0].thumbnail
    for place, good in PLACES.items():
        for odd in ODD:
            if any(odd is value or (type(odd) is type(value) and odd == value) for value in good):
                continue
            with pytest.raises(BadMessageError):
                runner.check([source], over_the_wire(set_deep(answer, (0, 0, *place), odd)))
                pytest.fail(f"{odd!r} at {place}")
    entries, images = answer
    wrong: list[Any] = [
        *(None, [], [None], [[]], "junk", 7, {}, [entries, images, images], [entries], [images]),
        *([[], images], [entries * 2, images * 2], [entries, ""], [entries, "AAAA" + images]),
        *([entries, 7], [entries, "?"], [[None], images], [[{}], images]),
    ]
    for bad in wrong:
        with pytest.raises(BadMessageError):
            runner.check([source], over_the_wire(bad))


#: Odd values that are believed: column of a page (or field of what is known of a file), and value.
ODD_BUT_SOUND: list[tuple[str, Any]] = [
    ("box", "[0,0,1,1]"),
    ("box", "[9999999999,9999999999,9999999999,9999999999]"),
    ("confidence", -0.0),
    ("contrast", 1.0),
    ("marks", 9_999_999_999),
    ("read_at", "1000-01-01T00:00:00Z"),
    ("read_at", "2024-02-29T23:59:59Z"),
    ("read_at", "9998-12-31T23:59:59Z"),
    ("scores", "[ " + ",".join(["0e9999"] * 10) + "\r\n]"),
    ("scores", "[" + ",".join(["-0.0"] * 10) + "]"),
    ("scores", "[0.1,\n" + ",".join(["1E-400"] * 9) + "]"),
    ("width", 2**32 - 1),
    *(("size", number) for number in (0, 2**63 - 1)),
    *((field, number) for field in ("mtime_ns", "inode") for number in (-(2**63), 2**63 - 1)),
]


def test_no_value_that_is_believed_poisons_the_journal(
    source: Source, context: RecognitionContext, tmp_path: Path
) -> None:
    runner = JobRunner(context)
    answer = unpack_answer(pack_result(runner([source])), 1 << 20)
    with open_outbox(tmp_path / "outbox") as journal:
        version = journal.register_reader_version(ReaderVersion("", "", ""))
        create_check_functions(journal.sql)
        for number, (column, value) in enumerate(ODD_BUT_SOUND):
            place = (
                (2, 0, PageEntry._fields.index(column))
                if column in PageEntry._fields
                else (0, FileStat._fields.index(column))
            )
            changed = over_the_wire(set_deep(answer, (0, 0, *place), value))
            (entry,) = runner.check([source], changed)
            assert entry
            name = f"{number}.png"
            pending = PendingFile(name, make_order_key(name), None, "", False, False)
            journal.record([(pending, entry)], version, "each")
            for table in ("files", "pages"):
                check_rows(journal.sql, journal.path, table)
            broken = f"SELECT name FROM files WHERE {BROKEN_FILES}"
            assert journal.query(broken).fetchall() == [], (column, value)
        count = journal.query("SELECT count(*) FROM pages").fetchone()
    assert count == (len(ODD_BUT_SOUND),)


def test_what_may_be_answered_depends_on_the_job(
    source: Source, context: RecognitionContext
) -> None:
    runner = JobRunner(context)
    read = runner([source])
    no_entry: Any = [], b""
    (entry,) = runner.check([source], over_the_wire(json.loads(pack_result(read))[1]))
    assert entry
    known = source._replace(known_sha256=entry.sha256)
    other = RecheckJob(source._replace(known_sha256="0" * 64))
    reject = RejectJob(source, Rejection(Reason.TIMED_OUT, "Too slow."))
    sheet = SheetJob("sheets/sheet-0001.png", "", [])

    def check(job: Job, answer: object) -> list[FileEntry | None]:
        return runner.check([job], unpack_answer(pack_result(answer), 1 << 20))

    assert check(sheet, no_entry) == [None]
    honest: list[tuple[Job, int]] = [(RecheckJob(known), 0), (other, 1), (reject, 1)]
    for job, page_count in honest:
        (checked,) = check(job, runner([job]))
        assert checked and len(checked.pages) == page_count
    bare = to_plain([change_pages(entry, [])])
    for job, answer in (
        (known, bare),
        (other, bare),
        (reject, read),
        (sheet, read),
        (known, no_entry),
    ):
        with pytest.raises(BadMessageError):
            check(job, answer)


def test_thumbnails_come_back_where_they_are_asked_for(
    source: Source, context: RecognitionContext, digits: Digits, tmp_path: Path
) -> None:
    (tmp_path / "two.tif").write_bytes(encode_tiff_pages([digits[0][0], digits[1][0]]))
    two = Source(str(tmp_path / "two.tif"), "two.tif")
    runner = JobRunner(replace(context, thumbnails=Thumbnails.SHEETS))
    answer = unpack_answer(pack_result(runner([two])), 1 << 20)
    (entry,) = runner.check([two], answer)
    assert entry and [page for page, _ in entry.thumbnail_pngs] == [1, 2]
    (first, second) = answer[0][0][3]
    for bad in ([first, first], [[3, second[1]]], [[1, "?"]], [[1, ""]], [[True, first[1]]], [7]):
        with pytest.raises(BadMessageError):
            runner.check([two], set_deep(answer, (0, 0, 3), bad))
    for thumbnails in (Thumbnails.OFF, Thumbnails.EACH):
        with pytest.raises(BadMessageError):
            JobRunner(replace(context, thumbnails=thumbnails)).check([two], answer)
    more = replace(runner.context, limits=Limits(max_pages=1))
    with pytest.raises(BadMessageError):
        JobRunner(more).check([two], set_deep(answer, (0, 0, 2), answer[0][0][2] * 2))


def test_each_value_of_a_record_is_held_against_its_rules(
    source: Source, context: RecognitionContext
) -> None:
    records = recognise_chunk([source], RecognitionContext(context.engine))
    answer = unpack_answer(pack_result(record_answers.to_plain(records)), 1 << 20)
    (record,) = record_answers.check_records(answer, source, 1)
    assert record.prediction == records[0].prediction and record.source is source
    places: dict[tuple[int, ...], list[Any]] = {
        **{(index,): [] for index in (0, 1, 2, 5, 6, 7, 8, 9)},
        **{(index,): [10**9] for index in (3, 4)},
        **{(8, index): [] for index in (0, 1, 2, 4, 6)},
        **{(8, index): [0.5] for index in (3, 5)},
        **{(9, index): [] for index in (0, 1)},
        (9, 2): [0.5],
        (9, 3): [10**9],
        (8, 6, 0): [0.5],
        (9, 1, 0): [10**9],
    }
    for place, good in places.items():
        for odd in ODD:
            if any(type(odd) is type(value) and odd == value for value in good):
                continue
            with pytest.raises(BadMessageError):
                changed = over_the_wire(set_deep(answer, (0, *place), odd))
                record_answers.check_records(changed, source, 1)
                pytest.fail(f"{odd!r} at {place}")
    for bad in (None, [], answer * 3, [None], "junk"):
        with pytest.raises(BadMessageError):
            record_answers.check_records(bad, source, 1)


def test_a_refused_record_costs_its_own_file(
    source: Source, context: RecognitionContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    bad = source._replace(name="bad.png", path=source.path)

    def to_bad_plain(records: Any) -> Any:
        plain = record_answers.to_plain(records)
        return [(7, *plain[0][1:])] if records[0].source.name == "bad.png" else plain

    monkeypatch.setattr(isolated_reader, "to_plain", to_bad_plain)
    with fork_reader(RecognitionContext(context.engine), ReaderLimits()) as read_sources:
        good, refused = read_sources([source, bad])
    assert good.status is Status.OK and refused.reason is Reason.CRASHED_READER
    assert refused.rejection and "refused: a page out of order" in refused.rejection.detail


def answer_in_bytes(items: list[bytes]) -> str:
    pipe = max(int(name) for name in os.listdir("/proc/self/fd") if is_socket(name))
    os.write(pipe, len(items[0]).to_bytes(8, sys.byteorder) + items[0])
    return "the real answer comes too late"


def make_class_changing_pickle() -> bytes:
    state = pickle.dumps({"path": "changed", "root": ""}, 3)[2:-1]
    answer = pickle.dumps(("result", "done"), 3)[2:-1]
    return b"\x80\x03cbatchdigits.records\nSource\n(N" + state + b"tb0" + answer + b"."


class Trap:
    def __init__(self, path: str) -> None:
        self._path = path

    def __reduce__(self) -> Any:
        return os.mkdir, (self._path,)


def test_no_answer_does_anything_to_the_parent(tmp_path: Path) -> None:
    path = str(tmp_path / "trapped")
    trap = pickle.dumps(("result", Trap(path)))
    large_memo = b"\x80\x02(X\x06\x00\x00\x00resultX\x01\x00\x00\x00ar\x00\x00\x00\x20t."
    before = dict(vars(Source))
    for message in (make_class_changing_pickle(), trap, large_memo, b"junk", b'["result"]'):
        with WorkerPool[bytes, Any](answer_in_bytes, 1, 20, 1 << 30) as pool:
            ((_, failure),) = pool.run([[message]])
        assert isinstance(failure, TaskFailure)
        detail = explain_failure(failure, 20).detail
        assert detail.startswith("The reader ended with an answer that was refused: ")
    assert dict(vars(Source)) == before and not os.path.exists(path)


def test_what_a_worker_says_is_fit_for_a_terminal() -> None:
    answer = json.dumps(["error", "\x1b[31m" + "x" * 5000]).encode()
    failure = unpack_answer(answer, 1 << 20)
    assert isinstance(failure, TaskFailure)
    assert failure.error.isprintable() and len(failure.error) < 1100
    for error, said in (
        (ValueError("a\x1b[31m\n"), "ValueError: a\\x1b[31m\\n"),
        (ValueError("\udcff\ud800"), "ValueError: \\udcff\\ud800"),
        (KeyError(), "KeyError"),
    ):
        assert unpack_answer(pack_error(error), 1 << 20).error == said
    raised = unpack_answer(pack_error(OSError(28, "No\x1b space")), 1 << 20)
    assert (raised.errno, raised.strerror) == (28, "No\\x1b space")
    with pytest.raises(BadMessageError):
        unpack_answer(b'["system error", true, "No."]', 1 << 20)
