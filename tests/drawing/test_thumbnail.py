"""Thumbnails, looked at pixel by pixel."""

import cv2
import numpy as np
import pytest

from batchdigits.arrays import ColourImage, GrayImage
from batchdigits.drawing import captions, glyph_store, palette
from batchdigits.drawing.build_glyph_store import draw_masks
from batchdigits.drawing.palette import STATUS_COLOUR
from batchdigits.drawing.sizes import CAPTION_HEIGHT, FIELD_HEIGHT, THUMB_HEIGHT, THUMB_WIDTH
from batchdigits.drawing.status_icons import draw_badge
from batchdigits.drawing.thumbnail import ThumbnailView, draw_thumbnail, make_view
from batchdigits.reasons import Reason, Status
from batchdigits.records import Box, Page, Prediction

BLANK = Prediction(Status.REVIEW, Reason.BLANK, None, None, None, None, ())


def ok(digit: int = 7, confidence: float = 0.98) -> Prediction:
    return Prediction(Status.OK, None, digit, confidence, 1, 1 - confidence, ())


def review(reason: Reason = Reason.LOW_CONFIDENCE) -> Prediction:
    return Prediction(Status.REVIEW, reason, 4, 0.52, 9, 0.41, ())


def draw(page: Page, box: Box | None, reading: Prediction) -> ColourImage:
    return draw_view(make_view(page, box), reading)


def draw_view(look: ThumbnailView, reading: Prediction) -> ColourImage:
    """The thumbnail in colour, as any viewer shows it."""
    picture = cv2.imdecode(np.frombuffer(draw_thumbnail(look, reading), np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def noise(height: int, width: int) -> GrayImage:
    return np.random.default_rng(3).integers(0, 256, (height, width), np.uint8)


def has(picture: ColourImage, colour: tuple[int, int, int]) -> int:
    return int((picture == np.array(colour, np.uint8)).all(axis=2).sum())


def seen(page: GrayImage, box: Box) -> tuple[ColourImage, GrayImage]:
    """The thumbnail and, cut from it, the first plane of the scan inside the ink's box."""
    look = make_view(Page(1, page), box)
    assert look.ink_box is not None
    left = (THUMB_WIDTH - look.scan.shape[1]) // 2 + look.ink_box.x
    top = (FIELD_HEIGHT - look.scan.shape[0]) // 2 + look.ink_box.y
    picture = draw_view(look, ok())
    return picture, picture[top : top + look.ink_box.height, left : left + look.ink_box.width, 0]


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
    picture = draw(page, box, ok() if box else BLANK)
    assert picture.shape == (THUMB_HEIGHT, THUMB_WIDTH, 3)
    assert picture.dtype == np.uint8
    assert np.array_equal(picture, draw(page, box, ok() if box else BLANK))
    colour = STATUS_COLOUR[Status.OK]
    assert (has(picture[:FIELD_HEIGHT], colour) > 8) == (box is not None)


def test_the_page_is_left_as_it_was() -> None:
    gray = noise(60, 60)
    before = gray.copy()
    draw(Page(1, gray), Box(5, 5, 40, 40), ok())
    assert np.array_equal(gray, before)


@pytest.mark.parametrize("reading", [ok(), review(), BLANK])
def test_the_status_has_its_colour_and_its_sign(reading: Prediction) -> None:
    caption = draw(Page(1, noise(95, 95)), None, reading)[FIELD_HEIGHT:]
    colour = STATUS_COLOUR[reading.status]
    assert has(caption, colour) > 400
    badge = caption[:, : captions.BADGE_WIDTH]
    assert has(badge, colour) < badge.shape[0] * badge.shape[1] - 40


def test_statuses_differ_without_their_colour() -> None:
    badges = [draw_badge(status, CAPTION_HEIGHT, captions.BADGE_WIDTH) for status in Status]
    shapes = {(patch == patch[0, 0]).tobytes() for patch in badges}
    assert len(shapes) == len(Status)


def test_the_palette_has_every_colour_and_nearly_every_gray() -> None:
    colours = palette.build_palette()
    for status, colour in STATUS_COLOUR.items():
        assert tuple(colours[palette.build_status_ramp(status)[0]].tolist()) == colour
        # From the colour to black or white without a jump: no entry is another status's.
        steps = colours[palette.build_status_ramp(status)].astype(int)
        assert np.ptp(np.diff(steps, axis=0), axis=0).max() <= 1
    grays = colours[palette.build_gray_lookup()].astype(int)
    assert (np.ptp(grays, axis=1) == 0).all()
    assert np.abs(grays[:, 0] - np.arange(256)).max() == 1


def test_the_caption_holds_nothing_of_the_scan() -> None:
    box = Box(10, 10, 60, 70)
    captions = [
        draw(Page(1, gray), box, ok())[FIELD_HEIGHT:]
        for gray in (noise(95, 95), np.zeros((95, 95), np.uint8), np.full((80, 99), 255, np.uint8))
    ]
    assert all(np.array_equal(captions[0], other) for other in captions)


def test_every_digit_and_the_blank_have_their_own_caption() -> None:
    readings = [*(ok(digit) for digit in range(10)), BLANK]
    page = Page(1, noise(28, 28))
    assert len({draw(page, None, reading).tobytes() for reading in readings}) == 11


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
    scan = make_view(Page(1, page), box).scan
    # All that is darker than paper lies within, and is there as it was in the reduced scan.
    assert (inside < 250).sum() == (scan < 250).sum()
    assert np.abs(np.sort(inside[inside < 250]) - np.sort(scan[scan < 250]).astype(int)).max() <= 1
    assert has(picture[:FIELD_HEIGHT], STATUS_COLOUR[Status.OK]) > 2 * sum(inside.shape)


def test_a_small_digit_on_a_large_page_is_shown_close() -> None:
    page = np.full((3500, 2400), 240, np.uint8)
    page[3440:3500, 2360:2400] = 0
    look = make_view(Page(1, page), Box(2360, 3440, 40, 60))
    assert look.cropped
    assert look.ink_box is not None
    assert look.ink_box.height >= 36
    assert not np.shares_memory(look.scan, page)
    inside = look.scan[look.ink_box.y :, look.ink_box.x :]
    assert (inside < 128).mean() > 0.95
    assert (look.scan < 128).sum() == (inside < 128).sum()


def test_a_large_digit_keeps_its_whole_page() -> None:
    look = make_view(Page(1, noise(3500, 2400)), Box(100, 500, 1800, 2500))
    assert not look.cropped
    assert look.scan.shape == (120, 82)


def test_a_crop_is_marked_in_the_caption() -> None:
    gray = np.full((800, 800), 240, np.uint8)
    far = draw(Page(1, gray), Box(10, 10, 30, 30), ok())
    near = draw(Page(1, gray), Box(10, 10, 700, 700), ok())
    assert not np.array_equal(far[FIELD_HEIGHT:], near[FIELD_HEIGHT:])


def test_a_hundred_percent_is_earned() -> None:
    def caption(confidence: float) -> bytes:
        page = Page(1, noise(28, 28))
        return draw(page, None, ok(3, confidence))[FIELD_HEIGHT:].tobytes()

    assert caption(0.9999) == caption(0.99) != caption(1.0)


@pytest.mark.parametrize("reading", [ok(), review(), BLANK])
def test_the_same_page_gives_the_same_file(reading: Prediction) -> None:
    look = make_view(Page(1, noise(95, 95)), Box(10, 20, 30, 40))
    assert draw_thumbnail(look, reading) == draw_thumbnail(look, reading)


@pytest.mark.parametrize("reason", [None, Reason.BLANK, Reason.TOO_FAINT, Reason.SEVERAL_MARKS])
def test_every_caption_has_room_for_its_words(reason: Reason | None) -> None:
    status = Status.REVIEW if reason else Status.OK
    for percent in [None, *range(101)]:
        confidence = None if percent is None else percent / 100
        prediction = Prediction(status, reason, 8, confidence, 9, 0.0, ())
        caption = captions.draw_caption(prediction, True)
        assert caption.shape == (CAPTION_HEIGHT, THUMB_WIDTH)
        assert (caption[:, -6:] == palette.WHITE).all() and caption.min() < 60


def test_the_store_holds_what_the_font_draws() -> None:
    """Where this fails, ``python -m batchdigits.drawing.build_glyph_store`` draws it anew."""
    stored, drawn = glyph_store.load_masks(), draw_masks()
    assert stored.keys() == drawn.keys()
    for key, mask in drawn.items():
        assert stored[key].shape == mask.shape, key
        # Processors may round an average differently.
        assert np.abs(stored[key].astype(int) - mask).max() <= 1, key
