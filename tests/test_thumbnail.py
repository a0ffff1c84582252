"""Thumbnails, unread cards and contact sheets, looked at pixel by pixel."""

import cv2
import numpy as np
import pytest

from batchdigits.arrays import ColourImage, GrayImage
from batchdigits.pictures import lettering
from batchdigits.pictures.lettering import PLACEHOLDER, STATUS_COLOUR, drawable, fit, text_width
from batchdigits.pictures.sheet import contact_sheet
from batchdigits.pictures.thumbnail import (
    FIELD_HEIGHT,
    THUMB_HEIGHT,
    THUMB_WIDTH,
    draw,
    draw_png,
    draw_unread,
    draw_view,
    encode,
    view,
)
from batchdigits.records import Box, Digit, Page, Reading, Reason, Status

SHAPE = (THUMB_HEIGHT, THUMB_WIDTH, 3)
BLANK = Reading(Status.REVIEW, Reason.BLANK, None, None, None, None, ())
STRANGE = [
    "",
    "?" * 30,
    "Grüße aus Köln.png",
    "Привет-мир-0001.tif",
    "数字スキャン한국어.png",
    "emoji 😀🎉👩‍👩‍👧.jpg",
    "two\nlines\tand\x00\x07\x7f\u2028\u202e.png",
    "\ud800\udc80 bytes \udcff.png",
    "\U0010ffff\ue000\ufeff.png",
    "עברית ערבית مرحبا بالعالم.png",
    "हिन्दी ไทย",
    "e\u0301" * 40,
    "W" * 5000,
    "folder/" * 40 + "scan.png",
]


def ok(digit: int = 7, confidence: float = 0.98) -> Reading:
    return Reading(Status.OK, None, digit, confidence, 1, 1 - confidence, ())


def review(reason: Reason = Reason.LOW_CONFIDENCE) -> Reading:
    return Reading(Status.REVIEW, reason, 4, 0.52, 9, 0.41, ())


def measured(box: Box | None) -> Digit:
    return Digit(np.zeros((28, 28), np.uint8), box, 1.0, 1)


def noise(height: int, width: int) -> GrayImage:
    return np.random.default_rng(3).integers(0, 256, (height, width), np.uint8)


def has(picture: ColourImage, colour: tuple[int, int, int]) -> int:
    return int((picture == np.array(colour, np.uint8)).all(axis=2).sum())


def seen(page: GrayImage, box: Box) -> tuple[ColourImage, GrayImage]:
    """The thumbnail and, cut from it, the first plane of the scan inside the ink's box."""
    look = view(Page(1, page), box)
    assert look.ink is not None
    left = (THUMB_WIDTH - look.scan.shape[1]) // 2 + look.ink.x
    top = (FIELD_HEIGHT - look.scan.shape[0]) // 2 + look.ink.y
    picture = draw_view(look, ok())
    return picture, picture[top : top + look.ink.height, left : left + look.ink.width, 0]


@pytest.mark.parametrize(
    ("height", "width"),
    [
        (1, 1),
        (1, 5000),
        (5000, 1),
        (2, 3),
        (28, 28),
        (95, 95),
        (119, 121),
        (40, 3000),
        (2400, 3500),
    ],
)
@pytest.mark.parametrize("part", ["none", "all", "first", "last"])
def test_every_page_gives_one_picture(height: int, width: int, part: str) -> None:
    box = {
        "none": None,
        "all": Box(0, 0, width, height),
        "first": Box(0, 0, 1, 1),
        "last": Box(width - 1, height - 1, 1, 1),
    }[part]
    page = Page(1, noise(height, width))
    picture = draw(page, measured(box), ok() if box else BLANK)
    assert picture.shape == SHAPE
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, draw(page, measured(box), ok() if box else BLANK))
    colour = STATUS_COLOUR[Status.OK]
    assert (has(picture[:FIELD_HEIGHT], colour) > 8) == (box is not None)


def test_the_page_is_left_as_it_was() -> None:
    gray = noise(60, 60)
    before = gray.copy()
    draw(Page(1, gray), measured(Box(5, 5, 40, 40)), ok())
    assert np.array_equal(gray, before)


@pytest.mark.parametrize("reading", [ok(), review(), BLANK])
def test_the_status_has_its_colour_and_its_sign(reading: Reading) -> None:
    caption = draw(Page(1, noise(95, 95)), measured(None), reading)[FIELD_HEIGHT:]
    colour = STATUS_COLOUR[reading.status]
    assert has(caption, colour) > 400
    badge = caption[:, : lettering.BADGE_WIDTH]
    assert has(badge, colour) < badge.shape[0] * badge.shape[1] - 40


def test_statuses_differ_without_their_colour() -> None:
    signs = [
        lettering.badge(status) == np.array(STATUS_COLOUR[status], np.uint8) for status in Status
    ]
    shapes = {sign.all(axis=2).tobytes() for sign in signs}
    assert len(shapes) == len(Status)


def test_the_caption_holds_nothing_of_the_scan() -> None:
    box = Box(10, 10, 60, 70)
    captions = [
        draw(Page(1, gray), measured(box), ok())[FIELD_HEIGHT:]
        for gray in (noise(95, 95), np.zeros((95, 95), np.uint8), np.full((80, 99), 255, np.uint8))
    ]
    assert all(np.array_equal(captions[0], other) for other in captions)


def test_every_digit_and_the_blank_have_their_own_caption() -> None:
    readings = [*(ok(digit) for digit in range(10)), BLANK]
    page = Page(1, noise(28, 28))
    assert len({draw(page, measured(None), reading).tobytes() for reading in readings}) == 11


@pytest.mark.parametrize("side", [28, 50, 95, 120])
@pytest.mark.parametrize("place", [0, 3, 8])
def test_ink_is_not_drawn_on(side: int, place: int) -> None:
    page, box = noise(side, side), Box(place, place, side - 8, side - 8)
    _, inside = seen(page, box)
    factor = inside.shape[0] // box.height
    ink = page[place : place + box.height, place : place + box.width]
    true = ink.repeat(factor, axis=0).repeat(factor, axis=1)
    # A few gray levels give way to the status colours, by one.
    assert np.abs(inside.astype(int) - true).max() <= 1


def test_a_frame_stays_clear_of_reduced_ink() -> None:
    page = np.full((997, 731), 255, np.uint8)
    box = Box(203, 311, 402, 517)
    page[box.y : box.y + box.height, box.x : box.x + box.width] = 0
    picture, inside = seen(page, box)
    scan = view(Page(1, page), box).scan
    # All that is darker than paper lies within, and is there as it was in the reduced scan.
    assert (inside < 250).sum() == (scan < 250).sum()
    assert np.abs(np.sort(inside[inside < 250]) - np.sort(scan[scan < 250]).astype(int)).max() <= 1
    assert has(picture[:FIELD_HEIGHT], STATUS_COLOUR[Status.OK]) > 2 * sum(inside.shape)


def test_a_small_digit_on_a_large_page_is_shown_close() -> None:
    page = np.full((3500, 2400), 240, np.uint8)
    page[3440:3500, 2360:2400] = 0
    look = view(Page(1, page), Box(2360, 3440, 40, 60))
    assert look.cropped
    assert look.ink is not None
    assert look.ink.height >= 36
    assert not np.shares_memory(look.scan, page)
    inside = look.scan[look.ink.y :, look.ink.x :]
    assert (inside < 128).mean() > 0.95
    assert (look.scan < 128).sum() == (inside < 128).sum()


def test_a_large_digit_keeps_its_whole_page() -> None:
    look = view(Page(1, noise(3500, 2400)), Box(100, 500, 1800, 2500))
    assert not look.cropped
    assert look.scan.shape == (120, 82)


def test_a_crop_is_marked_in_the_caption() -> None:
    gray = np.full((800, 800), 240, np.uint8)
    far = draw(Page(1, gray), measured(Box(10, 10, 30, 30)), ok())
    near = draw(Page(1, gray), measured(Box(10, 10, 700, 700)), ok())
    assert not np.array_equal(far[FIELD_HEIGHT:], near[FIELD_HEIGHT:])


def test_a_hundred_percent_is_earned() -> None:
    def caption(confidence: float) -> bytes:
        page = Page(1, noise(28, 28))
        return draw(page, measured(None), ok(3, confidence))[FIELD_HEIGHT:].tobytes()

    assert caption(0.9999) == caption(0.99) != caption(1.0)


@pytest.mark.parametrize("reading", [ok(), review(), BLANK])
def test_png_is_lossless_and_repeatable(reading: Reading) -> None:
    look = view(Page(1, noise(95, 95)), Box(10, 20, 30, 40))
    picture = draw_view(look, reading)
    data = encode(picture)
    assert data == draw_png(look, reading) == encode(draw_view(look, reading))
    read = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert read is not None
    assert np.array_equal(read, picture)


def test_png_keeps_any_colour() -> None:
    picture = np.random.default_rng(5).integers(0, 256, (33, 47, 3), np.uint8)
    read = cv2.imdecode(np.frombuffer(encode(picture), np.uint8), cv2.IMREAD_COLOR)
    assert read is not None
    assert np.array_equal(read, picture)


@pytest.mark.parametrize(
    "code", [*(str(reason) for reason in Reason), "something_new", "", "x" * 99]
)
def test_an_unread_page_has_a_card(code: str) -> None:
    card = draw_unread(code)
    assert card.shape == SHAPE
    assert card.dtype == np.uint8
    colours = {STATUS_COLOUR[Status.QUARANTINED], STATUS_COLOUR[Status.FAILED]}
    assert sum(has(card, colour) > 300 for colour in colours) == 1
    assert has(card[:FIELD_HEIGHT], lettering.INK) > 0
    # Nothing touches the right edge, so no word was cut off.
    assert np.ptp(card[:FIELD_HEIGHT, -4:]) == 0
    assert np.ptp(card[FIELD_HEIGHT:, -4:]) == 0


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 99, 100])
def test_a_sheet_has_as_many_rows_as_needed(count: int) -> None:
    picture = np.full(SHAPE, (1, 2, 3), np.uint8)
    sheet = contact_sheet([(picture, f"scan-{index}.png") for index in range(count)])
    assert has(sheet, (1, 2, 3)) == count * THUMB_HEIGHT * THUMB_WIDTH
    one, full = contact_sheet([(picture, "")]), contact_sheet([(picture, "")] * 100)
    step = (full.shape[0] - one.shape[0]) // 9
    assert sheet.shape == (one.shape[0] + (-(-count // 10) - 1) * step, one.shape[1], 3)


@pytest.mark.parametrize("count", [0, 101])
def test_a_sheet_refuses_what_it_cannot_hold(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        contact_sheet([(np.zeros(SHAPE, np.uint8), "a")] * count)


@pytest.mark.parametrize("name", STRANGE)
def test_any_name_fits_its_cell(name: str) -> None:
    picture = np.zeros(SHAPE, np.uint8)
    sheet = contact_sheet([(picture, "")] * 4 + [(picture, name)] + [(picture, "")] * 15)
    empty = contact_sheet([(picture, "")] * 20)
    rows, columns = np.nonzero((sheet != empty).any(axis=2))
    assert (len(rows) > 0) == bool(name)
    if name:
        left = 18 + 4 * (THUMB_WIDTH + 12)
        assert columns.min() >= left
        assert columns.max() < left + THUMB_WIDTH
        assert rows.max() < 18 + THUMB_HEIGHT + 32


@pytest.mark.parametrize("name", STRANGE)
def test_shortened_names_fit_and_keep_their_ends(name: str) -> None:
    shown = fit(name, 128, 13)
    assert text_width(shown, 13) <= 128
    if shown != drawable(name):
        assert lettering.ELLIPSIS in shown
        assert drawable(name).endswith(shown.split(lettering.ELLIPSIS)[1])


def test_only_what_cannot_be_drawn_becomes_a_placeholder() -> None:
    assert drawable("Grüße Привет 数字 ほん 한국 עב?") == "Grüße Привет 数字 ほん 한국 עב?"
    assert drawable("a\u0308\u3000b\u00a0c") == "ä b c"
    for char in ("\n", "\x00", "\udc80", "😀", "\u202e", "\ue000", "ह"):
        assert drawable(char) == PLACEHOLDER
