"""Reading in a worker without a session: what crashes or hangs it costs one record."""

import faulthandler
import os
import signal
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import batchdigits
from batchdigits.arrays import GrayImage
from batchdigits.config import ReaderLimits
from batchdigits.errors import BatchdigitsError, ModelError
from batchdigits.execution.isolated_reader import fork_reader
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.pipeline.result import reading_from_record
from batchdigits.reasons import Reason, Status
from batchdigits.records import PageRecord, Source
from tests.conftest import ROOT, write_png

pytestmark = [pytest.mark.integration, pytest.mark.faults]

Digits = list[tuple[GrayImage, str]]
#: What Python imports at its start, for processes that a test cannot reach into.
_SITE_MODULE = """\
from batchdigits.execution import isolated_reader
from tests.execution.test_isolated_reader import recognise_unless_poison
isolated_reader.recognise_chunk = recognise_unless_poison
"""


def recognise_unless_poison(
    sources: Sequence[Source], context: RecognitionContext
) -> list[PageRecord]:
    """Read files, and do what their names say: a fake, as decoders that crash get mended."""
    for source in sources:
        match os.path.basename(source.path):
            case "crash.png":
                faulthandler.disable()  # which pytest has on, and which would fill the screen
                os.kill(os.getpid(), signal.SIGSEGV)
            case "hang.png":
                time.sleep(60)
            case "end parent.png":
                os.kill(os.getppid(), signal.SIGKILL)
                time.sleep(60)
    return recognise_chunk(sources, context)


def test_each_source_gets_its_own_records_back(
    engine: Engine, digits: Digits, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(
        "batchdigits.execution.isolated_reader.recognise_chunk", recognise_unless_poison
    )
    image = (ROOT / "inbox" / "forms" / "digit1.png").read_bytes()
    two_pages = str(ROOT / "inbox" / "scanner" / "two pages.tif")
    piped = Source("", "standard input", content=image)
    sources = [piped, Source("crash.png", "a"), Source(two_pages, "b"), piped]
    sources += [Source("hang.png", "c"), Source("none.png", "d")]
    context = RecognitionContext(engine)
    with fork_reader(context, ReaderLimits(file_timeout=0.5)) as read_sources:
        records = read_sources(sources)
        assert [record.source for record in read_sources([piped])] == [piped]
    assert [(record.source.name, record.page, record.reason) for record in records] == [
        ("standard input", 1, None),
        ("a", 1, Reason.CRASHED_READER),
        ("b", 1, None),
        ("b", 2, None),
        ("standard input", 1, None),
        ("c", 1, Reason.TIMED_OUT),
        ("d", 1, Reason.VANISHED),
    ]
    assert records[0].source is piped and records[1].rejection
    assert records[1].rejection.detail == "The reader ended with SIGSEGV."
    here = recognise_chunk([piped, sources[2]], context)
    for record, other in zip(here, [records[0], *records[2:4]], strict=True):
        assert reading_from_record(record) == reading_from_record(other)
        assert record.normalised_digit and other.normalised_digit
        np.testing.assert_array_equal(record.normalised_digit.image, other.normalised_digit.image)


def test_words_come_back_whatever_python_makes_of_them(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    def reduce_by_name(member: Enum, protocol: int) -> Any:
        return getattr, (type(member), member.name)  # as early releases of Python 3.11 do

    for kind in (Reason, Status):
        monkeypatch.setattr(kind, "__reduce_ex__", reduce_by_name)
    paths = [ROOT / "inbox" / "forms" / "digit1.png", ROOT / "inbox" / "troubled" / "half.png"]
    sources = [Source(str(path), path.name) for path in paths]
    with fork_reader(RecognitionContext(engine), ReaderLimits()) as read_sources:
        read, cut = read_sources(sources)
    assert read.status is Status.OK and read.reason is None
    assert cut.reason is Reason.TRUNCATED


def test_programs_with_threads_read_in_processes_of_their_own(
    digits: Digits, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / "sitecustomize.py").write_text(_SITE_MODULE)
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path / 'site'}:{ROOT}")
    monkeypatch.setattr(
        "batchdigits.api.reading.ReaderLimits", partial(ReaderLimits, file_timeout=1)
    )
    gray, truth = digits[2]
    names = [str(tmp_path / name) for name in ("crash.png", "hang.png", "good.png")]
    for name in (*names, "end parent.png"):
        write_png(tmp_path / name, gray)
    with ThreadPoolExecutor(2) as threads:
        both: list[list[Any]] = [[names[0], gray], [*names[1:]]]
        calls = [threads.submit(batchdigits.read, images, isolate=True) for images in both]
        crashed, array, hung, good = [reading for call in calls for reading in call.result()]
    assert [crashed.reason, hung.reason] == [Reason.CRASHED_READER, Reason.TIMED_OUT]
    assert str(array.digit) == str(good.digit) == truth and array.file == "images[1]"
    assert [array] == batchdigits.read([names[2], gray])[1:] and array.image is not None
    assert not array.image.flags.writeable
    # Only without a sandbox can a worker do this.
    limits = partial(ReaderLimits, file_timeout=1, sandbox=False)
    monkeypatch.setattr("batchdigits.api.reading.ReaderLimits", limits)
    with pytest.raises(BatchdigitsError, match="ended with code -9"):
        batchdigits.read(tmp_path / "end parent.png", isolate=True)
    with pytest.raises(ModelError, match="There is no model"):
        batchdigits.read([], model="none at all", isolate=True)
