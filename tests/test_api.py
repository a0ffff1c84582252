"""``import batchdigits``: paths, folders and arrays in, readings and a table out.

That type checkers see the names is checked by mypy, which reads this file as well.
"""

import doctest
import io
import os
import pickle
import shutil
import struct
import subprocess
import sys
import tracemalloc
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

import batchdigits
from batchdigits.arrays import GrayImage
from batchdigits.config import Limits, Model
from batchdigits.errors import ModelError
from batchdigits.inference.cached_engine import load_cached_engine
from batchdigits.pipeline.sources import chunk_sources, sources_from_images
from batchdigits.reasons import Reason, Status
from batchdigits.records import Source
from tests.conftest import ROOT, write_png
from tests.test_house import HEAVY

Digits = list[tuple[GrayImage, str]]
INBOX = ROOT / "inbox"


def alone(images: Any) -> batchdigits.Reading:
    (reading,) = batchdigits.read(images)
    return reading


@pytest.mark.parametrize("name", ["read", "iread", "to_dataframe", "Reading", "Readings"])
def test_the_examples_give_what_they_show(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)  # they read files of the sample inbox
    examples = doctest.DocTestFinder(recurse=False).find(getattr(batchdigits, name), name)
    runner = doctest.DocTestRunner(optionflags=doctest.ELLIPSIS)
    output: list[str] = []
    for example in examples:
        runner.run(example, out=output.append)
    assert runner.summarize(verbose=False).attempted > 0
    assert output == [], "".join(output)


@pytest.mark.integration
def test_importing_it_loads_nothing_heavy() -> None:
    script = (
        "import sys, batchdigits; print(dir(batchdigits))\n"
        "print('LOADED', *sorted({name.split('.')[0] for name in sys.modules}))\n"
        "print(batchdigits.read, batchdigits.to_dataframe, batchdigits.Reading)\n"
        "print('tensorflow' in sys.modules, 'pandas' in sys.modules)\n"
    )
    command = [sys.executable, "-c", script]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    names, loaded, *_, late = done.stdout.splitlines()
    assert "to_dataframe" in names and set(loaded.split()) & (HEAVY | {"typer"}) == set()
    assert late == "False False"


def test_a_name_that_is_not_there_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="nonsense"):
        print(batchdigits.nonsense)  # type: ignore[attr-defined]


def test_a_folder_is_read_as_people_count(digits: Digits, tmp_path: Path) -> None:
    for number in (10, 2, 1):
        write_png(tmp_path / f"digit{number}.png", digits[number - 1][0])
    (tmp_path / "note.txt").write_text("not a scan")
    (tmp_path / ".hidden.png").write_bytes(b"")
    readings = batchdigits.read(tmp_path)
    assert [reading.file for reading in readings] == [
        str(tmp_path / f"digit{n}.png") for n in (1, 2, 10)
    ]
    assert [str(reading.digit) for reading in readings] == [digits[n][1] for n in (0, 1, 9)]
    assert batchdigits.read(iter([str(tmp_path)])) == readings
    (tmp_path / "empty").mkdir()
    assert batchdigits.read(tmp_path / "empty") == []


def test_a_reading_tells_all_of_its_page(digits: Digits) -> None:
    reading = alone(INBOX / "forms" / "digit1.png")
    assert (reading.status, reading.reason, reading.detail) == (Status.OK, None, "")
    assert (reading.digit, reading.page, reading.width, reading.height) == (7, 1, 84, 95)
    assert reading.box and reading.image is not None
    assert reading.image.shape == (28, 28) and reading.image.dtype == np.uint8
    assert len(reading.scores) == 10 and reading.confidence == reading.scores[7]
    assert reading.second_digit is not None and reading.second_digit != 7
    assert "digit1.png': 7 (99." in repr(reading) and "<img" in reading._repr_html_()
    assert pickle.loads(pickle.dumps(reading)) == reading and hash(reading)
    with pytest.raises(ValueError, match="read-only"):
        reading.image[:] = 0


def test_a_bad_file_says_why_and_shifts_nobody(digits: Digits, tmp_path: Path) -> None:
    names = ["troubled/half.png", "forms/digit1.png", "troubled/renamed note.png"]
    images = [INBOX / name for name in names]
    gone = tmp_path / "gone.png"

    def hand_over() -> Iterator[Any]:
        yield from images
        gone.touch()
        yield gone
        gone.unlink()
        yield digits[2][0]
        yield str(INBOX / "scanner" / "two pages.tif")

    readings = batchdigits.read(hand_over())
    assert [reading.digit for reading in readings] == [None, 7, None, None, 2, 4, 7]
    assert [reading.page for reading in readings] == [1, 1, 1, 1, 1, 1, 2]
    reasons = [Reason.TRUNCATED, None, Reason.NOT_AN_IMAGE, Reason.VANISHED, None, None, None]
    assert [reading.reason for reading in readings] == reasons
    broken = readings[0]
    assert "ends before" in broken.detail and not broken.is_read and broken.scores == ()
    assert (broken.width, broken.box, broken.image) == (None, None, None)
    assert "not read; quarantined: truncated" in repr(broken) and "<img" not in broken._repr_html_()
    large = batchdigits.read(images[1], max_megapixels=0.001)[0]
    assert large.reason is Reason.TOO_LARGE
    pages = batchdigits.read(INBOX / "scanner" / "two pages.tif", max_pages=1)
    assert [reading.reason for reading in pages] == [None, Reason.TOO_MANY_PAGES]


def arrays(gray: GrayImage) -> Iterator[NDArray[Any]]:
    """The same digit in every form that arrays have."""
    yield gray
    yield 255 - gray
    yield gray[..., None]
    yield np.stack([gray] * 3, axis=-1)
    yield np.dstack([np.stack([gray] * 3, axis=-1), np.full_like(gray, 255)])
    yield np.dstack([np.zeros_like(gray), 255 - gray])
    yield gray.astype(np.int64)
    yield gray.astype(np.uint16) * 257
    yield gray.astype(np.float32) / 255
    yield gray.astype(">f8")
    yield gray > 200
    yield (gray < 200).astype(np.uint8)
    yield np.asfortranarray(gray)[:, ::1]


def test_arrays_of_all_kinds_are_read(digits: Digits, tmp_path: Path) -> None:
    gray, truth = digits[2]
    for array in arrays(gray):
        before = array.copy()
        reading = alone(array)
        assert (str(reading.digit), reading.file) == (truth, "images"), (array.shape, array.dtype)
        assert (reading.height, reading.width) == array.shape[:2]
        np.testing.assert_array_equal(array, before)
    # The same pixels give the same scores, be they in a file or not.
    assert alone(gray).scores == alone(write_png(tmp_path / "a.png", gray)).scores


def test_colours_are_red_first() -> None:
    page = np.zeros((40, 40, 3), np.uint8)
    page[..., 2] = 255
    page[8:32, 18:22] = (255, 0, 0)
    red_on_blue = cv2.cvtColor(page, cv2.COLOR_RGB2GRAY)
    assert alone(page).scores == alone(red_on_blue).scores != ()


def test_several_arrays_have_their_place_for_a_name(digits: Digits) -> None:
    gray = [cv2.resize(image, (60, 60)) for image, _ in digits[:3]]
    stack = np.stack(gray)
    assert [reading.file for reading in batchdigits.read(stack)] == [
        "images[0]",
        "images[1]",
        "images[2]",
    ]
    colours = batchdigits.read([gray[0], np.stack([stack] * 3, axis=-1)])
    names = ["images[0]", "images[1][0]", "images[1][1]", "images[1][2]"]
    assert [reading.file for reading in colours] == names
    assert [str(reading.digit) for reading in colours[1:]] == [truth for _, truth in digits[:3]]
    assert alone(np.full((30, 30), 255)).reason is Reason.BLANK


def test_what_is_no_image_is_refused_in_a_sentence() -> None:
    for wrong, error, words in (
        (np.zeros((0, 28, 28)), ValueError, "empty array"),
        (np.zeros(28), ValueError, r"shape \(28,\)"),
        (np.zeros(()), ValueError, r"shape \(\)"),
        (np.zeros((2, 5, 28, 28)), ValueError, "with 1 to 4 channels"),
        (np.zeros((2, 3, 28, 28, 1)), ValueError, "with 1 to 4 channels"),
        (np.zeros((28, 28), complex), TypeError, "array of complex128"),
        (np.array([["a"]]), TypeError, "pixels are"),
        (io.StringIO("digit.png"), TypeError, "opened as text"),
        (7, TypeError, "type int"),
        ([[[0, 1], [1, 0]]], TypeError, r"images\[0\] is of type list"),
        ("", ValueError, "empty name"),
    ):
        with pytest.raises(error, match=words):
            batchdigits.read(wrong)  # type: ignore[arg-type]


def test_what_is_too_large_costs_no_memory(tmp_path: Path) -> None:
    # Without memory of their own: whatever is made of them would have.
    shape, words = (20_000, 30_000), "is 30000 x 20000 = 600.0 megapixels; --max-megapixels allows"
    page = np.broadcast_to(np.float64(0), shape)
    file = np.memmap(tmp_path / "pixels", np.uint16, "w+", shape=shape)
    stack = np.broadcast_to(np.bool_(1), (3, *shape, 4))
    wide = np.broadcast_to(np.uint8(0), (3, 10**15))
    scan = tmp_path / "a.png"
    scan.write_bytes(
        b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + struct.pack(">II", *shape[::-1]) + bytes(99)
    )
    tracemalloc.start()
    readings = batchdigits.read([page, file, stack, wide, scan])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert [reading.reason for reading in readings] == [Reason.TOO_LARGE] * 7
    assert peak < 4 << 20
    assert all(words in reading.detail for reading in (*readings[:5], readings[6]))
    assert len({reading.detail for reading in readings}) == 2
    small = batchdigits.read(np.zeros((4, 60, 50)), max_megapixels=0.001)
    assert [reading.reason for reading in small] == [Reason.TOO_LARGE] * 4


def test_memory_stays_flat() -> None:
    many = [Source(str(number), str(number)) for number in range(70)]
    assert [len(chunk) for chunk in chunk_sources(many)] == [32, 32, 6]
    pages = (np.zeros((2000, 2000), np.uint8) for _ in range(5))
    large = sources_from_images(pages, Limits())
    assert [len(chunk) for chunk in chunk_sources(large)] == [3, 2]


def test_threads_may_read_at_once(digits: Digits) -> None:
    images = [image for image, _ in digits]
    with ThreadPoolExecutor(4) as threads:
        results = list(threads.map(batchdigits.read, images * 4))
    assert [str(reading.digit) for (reading,) in results] == [truth for _, truth in digits] * 4


def test_a_model_is_loaded_once_until_it_changes(tmp_path: Path) -> None:
    for file in (ROOT / "models").glob("digits.*"):
        shutil.copy(file, tmp_path)
    for ending in (".tflite", ".json"):
        (tmp_path / f"digits{ending}").rename(tmp_path / f"mine{ending}")
    path = tmp_path / "mine.tflite"
    mine = Model(str(path))
    assert load_cached_engine(Model()) is load_cached_engine(Model()) and load_cached_engine(
        mine
    ) is load_cached_engine(mine)
    before = load_cached_engine(mine)
    os.utime(tmp_path / "mine.json", ns=(1, 1))
    assert load_cached_engine(mine) is not before
    assert batchdigits.read(INBOX / "forms" / "digit1.png", model=path)[0].digit == 7
    path.unlink()
    with pytest.raises(ModelError, match="There is no model"):
        batchdigits.read([], model=path)


def test_a_table_has_types_that_hold(digits: Digits) -> None:
    readings = batchdigits.read([INBOX / "troubled", INBOX / "names" / "NA", digits[0][0]])
    table = batchdigits.to_dataframe(readings)
    empty = batchdigits.to_dataframe([])
    assert list(table.columns) == list(empty.columns) and len(empty) == 0
    assert dict(table.dtypes.astype(str)) == dict(empty.dtypes.astype(str))
    assert len(table) == len(readings)
    assert str(table["digit"].dtype) == str(table["width"].dtype) == "Int64"
    assert table["status"].value_counts()["quarantined"] == 4
    last = table.iloc[-1]
    assert (last["digit"], last["status"], last["file"]) == (7, "ok", "images[2]")
    unread = table[table["status"] == "quarantined"]
    assert unread[["digit", "confidence", "width"]].isna().all().all()
    assert set(unread["reason"]) == {"truncated", "empty", "not_an_image"}


_QUIET_SCRIPT = """\
import os, sys, threading, time
from pathlib import Path
import batchdigits

written, done = [], threading.Event()

def talk():
    while not done.is_set():
        line = f"line {len(written)}\\n"
        written.append(line)
        sys.stderr.write(line) if len(written) % 2 else os.write(2, line.encode())
        time.sleep(0.001)

speaker = threading.Thread(target=talk)
speaker.start()
readings = batchdigits.read(sys.argv[1:])
readings += batchdigits.read(sys.argv[1:])
done.set()
speaker.join()
sys.stdout.write("".join(written))
os.close(2)
with open(Path(sys.argv[1]).with_name("other file"), "wb") as file:
    batchdigits.read(sys.argv[1:])
assert file.closed and not os.path.getsize(file.name), "a library wrote into another file"
assert [reading.digit for reading in readings[::2]] == [7, 7]
"""


@pytest.mark.integration
def test_libraries_say_nothing_and_others_all_they_want(tmp_path: Path) -> None:
    image = bytearray((INBOX / "forms" / "digit1.png").read_bytes())
    (tmp_path / "good.png").write_bytes(image)
    image[-40] ^= 255  # libpng prints that the image data is damaged
    (tmp_path / "bad.png").write_bytes(image)
    names = [str(tmp_path / name) for name in ("good.png", "bad.png")]
    command = [sys.executable, "-c", _QUIET_SCRIPT, *names]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, done.stdout) and "line 9\n" in done.stderr
