"""How readings come: as a gallery, one after the other, with progress, from processes."""

import pickle
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

import batchdigits
from batchdigits.arrays import GrayImage
from batchdigits.reasons import Reason
from tests.conftest import ROOT

Digits = list[tuple[GrayImage, str]]
FORMS = ROOT / "inbox" / "forms"
BLANK = np.full((28, 28), 255, np.uint8)


def test_readings_are_a_list_and_a_gallery(digits: Digits) -> None:
    readings = batchdigits.read([gray for gray, _ in digits[:3]])
    assert isinstance(readings, list) and isinstance(readings[1:], batchdigits.Readings)
    assert readings == list(readings) == pickle.loads(pickle.dumps(readings))
    assert readings[-1] is list(readings)[2]
    page = readings._repr_html_()
    assert page.count("<img") == 3 and "images[2]" in page and "more" not in page
    assert "no readings" in batchdigits.read([])._repr_html_()
    many = batchdigits.Readings([*readings] * 500)._repr_html_()
    assert many.count("<img") == 200 and "and 1,300 more" in many


def test_readings_come_as_images_do() -> None:
    taken: list[int] = []

    def endless() -> Iterator[NDArray[Any]]:
        while True:
            taken.append(1)
            yield BLANK

    readings = batchdigits.iread(endless())
    assert taken == []
    assert [next(readings).file for _ in range(3)] == ["images[0]", "images[1]", "images[2]"]
    assert len(taken) <= 64
    assert list(batchdigits.iread(FORMS)) == batchdigits.read(FORMS)


def test_images_that_are_slow_to_come_are_not_waited_for() -> None:
    may_go_on = threading.Event()

    def camera() -> Iterator[NDArray[Any]]:
        yield BLANK
        threading.Event().wait(0.25)
        yield BLANK
        assert may_go_on.is_set(), "the third was asked for before the first two were read"
        yield BLANK

    readings = batchdigits.iread(camera())
    assert next(readings).reason is Reason.BLANK
    may_go_on.set()
    assert len(list(readings)) == 2


def test_arguments_are_looked_at_before_the_first_reading(tmp_path: Path) -> None:
    for images, options, error in (
        (tmp_path / "gone.png", {}, FileNotFoundError),
        (7, {}, TypeError),
        ([], {"workers": 0}, ValueError),
        ([], {"ink": "red"}, ValueError),
        ([], {"model": "none at all"}, batchdigits.ModelError),
    ):
        with pytest.raises(error):
            batchdigits.iread(images, **options)  # type: ignore[arg-type]


def test_progress_is_told() -> None:
    seen: list[tuple[int, int | None]] = []
    stack = np.stack([BLANK] * 40)
    batchdigits.read([FORMS, stack], progress=lambda *numbers: seen.append(numbers))
    assert seen == [(32, 56), (56, 56)]
    seen.clear()
    batchdigits.read(iter([stack[0], FORMS]), progress=lambda *numbers: seen.append(numbers))
    assert seen[-1] == (17, None)
    seen.clear()
    tiff = ROOT / "inbox" / "scanner" / "two pages.tif"
    assert len(batchdigits.read(tiff, progress=lambda *numbers: seen.append(numbers))) == 2
    assert seen == [(1, 1)]


def test_a_bar_is_drawn_on_stderr(capsys: pytest.CaptureFixture[str]) -> None:
    batchdigits.read(FORMS, progress=True)
    output, drawn = capsys.readouterr()
    assert output == "" and "reading" in drawn and "16/16" in drawn


@pytest.mark.integration
def test_several_processes_read_the_same_in_order(digits: Digits) -> None:
    images: list[Any] = [*(gray for gray, _ in digits), FORMS, *(gray for gray, _ in digits * 6)]
    here = batchdigits.read(images)
    seen: list[tuple[int, int | None]] = []
    there = batchdigits.read(images, workers=2, progress=lambda *numbers: seen.append(numbers))
    assert there == here and len(here) == 128
    assert batchdigits.read(images[:20], workers=2, isolate=True) == here[: 20 + 15]
    assert seen[-1] == (128, 128)
    for reading, other in zip(here, there, strict=True):
        np.testing.assert_array_equal(reading.image, other.image)


@pytest.mark.integration
def test_processes_end_with_the_iterator(digits: Digits) -> None:
    def list_children() -> set[str]:
        return set(
            Path(f"/proc/self/task/{threading.get_native_id()}/children").read_text().split()
        )

    def endless() -> Iterator[GrayImage]:
        while True:
            yield digits[2][0]

    before = list_children(), threading.active_count()
    readings = batchdigits.iread(endless(), workers=2)
    assert str(next(readings).digit) == digits[2][1]
    assert threading.active_count() == before[1] + 2
    readings.close()
    assert (list_children(), threading.active_count()) == before

    def broken() -> Iterator[GrayImage]:
        yield digits[2][0]
        raise LookupError("no more")

    with pytest.raises(LookupError, match="no more"):
        batchdigits.read(broken(), workers=2)
    with pytest.raises(batchdigits.ModelError):
        batchdigits.read([], workers=2, model="none at all")
    assert (list_children(), threading.active_count()) == before
