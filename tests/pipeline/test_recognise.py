import tracemalloc
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from batchdigits.arrays import GrayImage
from batchdigits.config import Limits, Thumbnails
from batchdigits.images.load import load_pages
from batchdigits.images.reduced import ReducedPage
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.decide import decide
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.pipeline.thumbnail_files import make_thumbnail_name
from batchdigits.preprocessing.normalise import SEARCH_SIDE, normalise
from batchdigits.reasons import Reason, Status
from batchdigits.records import Box, FileStat, Page, PageRecord, Prediction, Source
from tests.conftest import write_png
from tests.support.image_samples import (
    encode_opencv,
    encode_pillow,
    encode_tiff_pages,
    make_exif,
    turn_as_stored,
)

Digits = list[tuple[GrayImage, str]]


@pytest.fixture
def outbox(tmp_path: Path) -> Path:
    outbox = tmp_path / "outbox"
    outbox.mkdir()
    return outbox


def source(path: Path) -> Source:
    return Source(str(path), path.name)


def read(engine: Engine, *paths: Path) -> list[PageRecord]:
    return recognise_chunk([source(path) for path in paths], RecognitionContext(engine))


def sheet(digit: GrayImage, shape: tuple[int, int], side: int, x: int, y: int) -> GrayImage:
    """A page of paper like the digit's own, with the digit ``side`` pixels wide and high."""
    paper = int(np.median(digit))
    page = np.random.default_rng(side).normal(paper, 2, shape)
    ink = cv2.resize(digit, (side, side), interpolation=cv2.INTER_CUBIC).astype(int)
    page[y : y + side, x : x + side] += np.minimum(ink - paper + 15, 0)
    return np.clip(page, 0, 255).astype(np.uint8)


def test_rows_come_in_order_and_do_not_depend_on_neighbours(
    digits: Digits, inbox: Path, engine: Engine
) -> None:
    paths = [write_png(inbox / f"{i}.png", image) for i, (image, _) in enumerate(digits)]
    large = sheet(digits[0][0], (1500, 1000), 700, 100, 300)
    contents = {
        "empty.png": b"",
        "junk.png": b"junk",
        "large.jpg": encode_opencv(".jpg", large),
        "pages.tif": encode_tiff_pages([digits[1][0], np.full((80, 60), 255, np.uint8), large]),
    }
    for place, (name, content) in enumerate(contents.items()):
        (inbox / name).write_bytes(content)
        paths.insert(3 * place, inbox / name)
    paths.insert(5, inbox / "gone.png")
    together = read(engine, *paths)
    alone = [row for path in paths for row in read(engine, path)]
    assert [(row.source, row.page) for row in together] == [(row.source, row.page) for row in alone]
    assert [row.source.name for row in together if row.page == 1] == [path.name for path in paths]
    for first, second in zip(together, alone, strict=True):
        assert (first.prediction, first.rejection, first.file_stat) == (
            second.prediction,
            second.rejection,
            second.file_stat,
        )
        assert (first.normalised_digit is None) == (second.normalised_digit is None)
        if first.normalised_digit and second.normalised_digit:
            assert np.array_equal(first.normalised_digit.image, second.normalised_digit.image)
    reasons = {row.source.name: row.reason for row in together if row.rejection}
    assert reasons == {
        "empty.png": Reason.EMPTY,
        "junk.png": Reason.NOT_AN_IMAGE,
        "gone.png": Reason.VANISHED,
    }


def test_rows_tell_of_the_file_that_was_read(inbox: Path, engine: Engine) -> None:
    path = write_png(inbox / "a.png", np.full((30, 40), 255, np.uint8))
    (inbox / "empty.png").touch()
    blank, empty, gone = read(engine, path, inbox / "empty.png", inbox / "gone.png")
    found = path.stat()
    assert blank.file_stat[:3] == (found.st_size, found.st_mtime_ns, found.st_ino)
    assert (blank.width, blank.height) == (40, 30)
    assert empty.file_stat.inode == (inbox / "empty.png").stat().st_ino
    assert empty.sha256.startswith("e3b0c442") and gone.sha256 == ""
    assert gone.file_stat == FileStat()


@pytest.fixture
def sure_and_unsure(digits: Digits, inbox: Path) -> list[Source]:
    """A digit, a blank page, and a digit too large to wait for its thumbnail as it is."""
    paths = [
        write_png(inbox / "sure.png", digits[0][0]),
        write_png(inbox / "blank.png", np.full((40, 40), 255, np.uint8)),
        write_png(
            inbox / "folder" / "sure large.png", sheet(digits[0][0], (300, 300), 200, 30, 50)
        ),
    ]
    return [Source(str(path), path.relative_to(inbox).as_posix()) for path in paths]


@pytest.mark.parametrize("mode", Thumbnails)
def test_which_thumbnails_are_drawn(
    mode: Thumbnails, sure_and_unsure: list[Source], outbox: Path, engine: Engine
) -> None:
    rows = recognise_chunk(
        sure_and_unsure, RecognitionContext(engine, outbox=outbox, thumbnails=mode)
    )
    assert [row.status for row in rows] == [Status.OK, Status.REVIEW, Status.OK]
    written = {path.relative_to(outbox).as_posix() for path in outbox.rglob("*.png")}
    assert {row.thumbnail for row in rows} - {""} == written
    wanted = {
        Thumbnails.EACH: {"sure.png", "blank.png", "folder/sure large.png"},
        Thumbnails.REVIEW: {"blank.png"},
    }.get(mode, set())
    assert written == {make_thumbnail_name(name, 1) for name in wanted}
    for row in rows:
        assert bool(row.thumbnail_png) == (mode is Thumbnails.SHEETS)
        drawn = row.thumbnail_png or (row.thumbnail and (outbox / row.thumbnail).read_bytes())
        assert not drawn or cv2.imdecode(np.frombuffer(drawn, np.uint8), 0) is not None


def test_another_content_under_a_known_name_gets_a_thumbnail_of_its_own(
    sure_and_unsure: list[Source], outbox: Path, engine: Engine
) -> None:
    plain = sure_and_unsure[0]
    (row,) = recognise_chunk([plain], RecognitionContext(engine, outbox=outbox))
    again = plain._replace(known_sha256=row.sha256)
    changed = plain._replace(known_sha256="0" * 64)
    crowded = again._replace(has_other_contents=True)
    rows = recognise_chunk([again, changed, crowded], RecognitionContext(engine, outbox=outbox))
    own = f"thumbnails/sure.png.p1-{row.sha256[:8]}.png"
    assert row.thumbnail == "thumbnails/sure.png.p1.png"
    assert [row.thumbnail for row in rows] == [row.thumbnail, own, own]


def test_thumbnails_come_with_the_records_where_they_may_not_be_written(
    sure_and_unsure: list[Source], outbox: Path, engine: Engine
) -> None:
    context = RecognitionContext(engine, outbox=outbox, writes_thumbnails=False)
    returned = recognise_chunk(sure_and_unsure, context)
    assert not list(outbox.iterdir())
    written = recognise_chunk(sure_and_unsure, RecognitionContext(engine, outbox=outbox))
    assert [row.thumbnail for row in returned] == [row.thumbnail for row in written]
    for row in returned:
        assert row.thumbnail_png == (outbox / row.thumbnail).read_bytes()


def test_without_an_outbox_nothing_is_drawn(sure_and_unsure: list[Source], engine: Engine) -> None:
    for row in recognise_chunk(sure_and_unsure, RecognitionContext(engine)):
        assert row.thumbnail == "" and row.thumbnail_png == b""


@pytest.mark.integration
@pytest.mark.parametrize(("name", "most"), [("page.png", 1.6), ("pages.tif", 3)])
def test_large_pages_are_held_one_at_a_time(
    name: str, most: float, inbox: Path, outbox: Path, engine: Engine
) -> None:
    page = np.full((2000, 2000), 255, np.uint8)
    page[500:1500, 950:1050] = 0
    content = encode_opencv(".png", page)
    if name == "pages.tif":  # its decoder makes a copy of each page
        content = encode_tiff_pages([page] * 5, compression="zlib")
    (inbox / name).write_bytes(content)
    sources = [Source(str(inbox / name), f"{i}") for i in range(5)]
    tracemalloc.start()
    try:
        rows = recognise_chunk(sources, RecognitionContext(engine, outbox=outbox))
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert all(row.prediction for row in rows) and len(rows) in (5, 25)
    assert peak < most * page.size


def in_full(data: bytes, engine: Engine) -> tuple[Page, Prediction, Box | None]:
    """How a page reads that is decoded with all its pixels."""
    ((_, page),) = load_pages(data, "x.jpg", Limits())
    assert isinstance(page, Page)
    digit = normalise(page.gray)
    scores = engine.predict(digit.image[None])[0]
    return page, decide(digit, scores, engine.card.review_below, page.gray.shape[::-1]), digit.box


@pytest.mark.integration
@pytest.mark.parametrize("side", [60, 150, 300, 600, 1000])
def test_large_jpeg_pages_read_as_they_do_in_full(
    side: int, digits: Digits, inbox: Path, engine: Engine
) -> None:
    random = np.random.default_rng(side)
    for image, _ in digits[::3]:
        height, width = random.integers(1200, 2400, 2).tolist()
        x, y = random.integers(20, (width - side - 20, height - side - 20)).tolist()
        data = encode_opencv(".jpg", sheet(image, (height, width), side, x, y))
        (inbox / "page.jpg").write_bytes(data)
        (row,) = read(engine, inbox / "page.jpg")
        page, reading, box = in_full(data, engine)
        assert (row.width, row.height) == (width, height) == (page.width, page.height)
        assert row.prediction and row.normalised_digit and row.normalised_digit.box and box
        assert (row.prediction.digit, row.prediction.status) == (reading.digit, reading.status)
        found = row.normalised_digit.box
        near = max(4, 0.04 * max(box.width, box.height))
        for name in ("x", "y", "width", "height"):
            assert abs(getattr(found, name) - getattr(box, name)) <= near


def test_a_blank_jpeg_page_is_blank(inbox: Path, engine: Engine) -> None:
    paper = np.random.default_rng(1).normal(240, 2, (1600, 1200)).astype(np.uint8)
    (inbox / "page.jpg").write_bytes(encode_opencv(".jpg", paper))
    (row,) = read(engine, inbox / "page.jpg")
    assert row.reason is Reason.BLANK and (row.width, row.height) == (1200, 1600)


@pytest.mark.parametrize("orientation", [1, 3, 6, 8])
def test_the_box_on_a_turned_jpeg_page_lies_upright(
    orientation: int, digits: Digits, inbox: Path, engine: Engine
) -> None:
    upright = sheet(digits[0][0], (1800, 1300), 800, 200, 700)
    image = Image.fromarray(turn_as_stored(upright, orientation))
    data = encode_pillow(image, "JPEG", exif=make_exif(orientation), quality=90)
    (inbox / "page.jpg").write_bytes(data)
    ((_, page),) = load_pages(data, "page.jpg", Limits(), SEARCH_SIDE)
    assert isinstance(page, ReducedPage)
    (row,) = read(engine, inbox / "page.jpg")
    assert (row.width, row.height) == (1300, 1800)
    assert row.normalised_digit and row.normalised_digit.box and row.prediction
    wanted = normalise(upright).box
    assert (
        wanted
        and abs(row.normalised_digit.box.x - wanted.x) < 20
        and abs(row.normalised_digit.box.y - wanted.y) < 20
    )
    assert str(row.prediction.digit) == digits[0][1]


def test_a_file_without_its_end_is_read_for_review(
    digits: Digits, inbox: Path, engine: Engine
) -> None:
    pages = [digits[0][0], sheet(digits[0][0], (1500, 1000), 700, 100, 300)]
    for page in pages:
        data = encode_opencv(".jpg", page)
        (inbox / "whole.jpg").write_bytes(data)
        (inbox / "no end.jpg").write_bytes(data[:-2])
        whole, incomplete = read(engine, inbox / "whole.jpg", inbox / "no end.jpg")
        assert whole.prediction and incomplete.prediction
        assert (incomplete.status, incomplete.reason) == (Status.REVIEW, Reason.INCOMPLETE)
        assert incomplete.prediction.scores == whole.prediction.scores
        assert incomplete.prediction.digit == whole.prediction.digit
