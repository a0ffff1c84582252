"""Contact sheets, error cards, and the names on them."""

import cv2
import numpy as np
import pytest

from batchdigits.arrays import ColourImage
from batchdigits.drawing import captions, font, glyph_store, indexed_png, palette, text
from batchdigits.drawing.contact_sheet import draw_contact_sheet
from batchdigits.drawing.error_card import draw_error_card
from batchdigits.drawing.fitting import ELLIPSIS
from batchdigits.drawing.glyph_store import PLACEHOLDER
from batchdigits.drawing.palette import STATUS_COLOUR
from batchdigits.drawing.sizes import FIELD_HEIGHT, THUMB_HEIGHT, THUMB_WIDTH
from batchdigits.drawing.status_icons import draw_badge
from batchdigits.drawing.text import fit_to_width, make_drawable, measure_width
from batchdigits.drawing.thumbnail import draw_thumbnail, make_view
from batchdigits.reasons import Reason, Status
from batchdigits.records import Box, Page, Prediction

PLAIN_NAMES = [
    "?" * 30,
    "jumping fJords_/J.png",
    '~!@#$%^&*()_+{}|:"<>[];,',
    "two\nlines\tand\x00\x07\x7f\u2028\u202e.png",
    "\ud800\udc80 bytes \udcff.png",
    "emoji 😀🎉👩‍👩‍👧.jpg",
    "W" * 5000,
    "folder/" * 40 + "scan.png",
]
NAMES = [
    *PLAIN_NAMES,
    "",
    "Grüße aus Köln.png",
    "Привет-мир-0001.tif",
    "数字スキャン한국어.png",
    "\U0010ffff\ue000\ufeff.png",
    "עברית ערבית مرحبا بالعالم.png",
    "हिन्दी ไทย",
    "e\u0301" * 40,
]
CODES = [*(str(reason) for reason in Reason), "something_new", "", "x" * 99]


def thumbnail(entry: int = 0) -> bytes:
    return indexed_png.encode_png(indexed_png.make_blank_rows(THUMB_HEIGHT, THUMB_WIDTH, entry))


def shown(data: bytes) -> ColourImage:
    picture = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert picture is not None
    return np.asarray(picture, np.uint8)


def has(picture: ColourImage, colour: tuple[int, int, int]) -> int:
    return int((picture == np.array(colour, np.uint8)).all(axis=2).sum())


@pytest.mark.parametrize("count", [1, 2, 9, 10, 11, 99, 100])
def test_a_sheet_has_as_many_rows_as_needed(count: int) -> None:
    sheet = shown(
        draw_contact_sheet([(thumbnail(1), "", f"scan-{index}.png") for index in range(count)])
    )
    assert has(sheet, (1, 1, 1)) == count * THUMB_HEIGHT * THUMB_WIDTH
    one, full = (shown(draw_contact_sheet([(thumbnail(), "", "")] * many)) for many in (1, 100))
    step = (full.shape[0] - one.shape[0]) // 9
    assert sheet.shape == (one.shape[0] + (-(-count // 10) - 1) * step, one.shape[1], 3)


@pytest.mark.parametrize("count", [0, 101])
def test_a_sheet_refuses_what_it_cannot_hold(count: int) -> None:
    with pytest.raises(ValueError, match="1 to 100"):
        draw_contact_sheet([(thumbnail(), "", "a")] * count)


def test_a_sheet_shows_thumbnails_unchanged() -> None:
    page = Page(1, np.random.default_rng(3).integers(0, 256, (95, 95), np.uint8))
    reading = Prediction(Status.REVIEW, Reason.TOO_FAINT, 4, 0.5, 9, 0.4, ())
    picture = draw_thumbnail(make_view(page, Box(9, 9, 50, 60)), reading)
    sheet = shown(draw_contact_sheet([(thumbnail(), "", ""), (picture, "", "a.png")]))
    left = 18 + THUMB_WIDTH + 12
    assert np.array_equal(sheet[18 : 18 + THUMB_HEIGHT, left : left + THUMB_WIDTH], shown(picture))


@pytest.mark.parametrize("broken", [None, b"", b"junk", thumbnail()[:-1]])
def test_a_missing_or_broken_thumbnail_becomes_a_card(broken: bytes | None) -> None:
    sheet = shown(draw_contact_sheet([(broken, "truncated", "")]))
    expected = palette.build_palette()[draw_error_card("truncated")]
    assert np.array_equal(sheet[18 : 18 + THUMB_HEIGHT, 18 : 18 + THUMB_WIDTH], expected)


@pytest.mark.parametrize("code", CODES)
def test_an_unread_page_has_a_card(code: str) -> None:
    card = palette.build_palette()[draw_error_card(code)]
    assert card.shape == (THUMB_HEIGHT, THUMB_WIDTH, 3)
    statuses = (Status.QUARANTINED, Status.FAILED)
    assert sum(has(card, STATUS_COLOUR[status]) > 300 for status in statuses) == 1
    assert has(card[:FIELD_HEIGHT], (palette.INK,) * 3) > 0
    # Nothing touches the right edge, so no word was cut off.
    assert np.ptp(card[:FIELD_HEIGHT, -4:]) == 0
    assert np.ptp(card[FIELD_HEIGHT:, -4:]) == 0


@pytest.mark.parametrize("name", NAMES)
def test_any_name_fits_its_cell(name: str) -> None:
    cells = [(thumbnail(), "", "")] * 20
    empty = shown(draw_contact_sheet(cells))
    cells[4] = (thumbnail(), "", name)
    rows, columns = np.nonzero((shown(draw_contact_sheet(cells)) != empty).any(axis=2))
    assert (len(rows) > 0) == bool(name)
    if name:
        left = 18 + 4 * (THUMB_WIDTH + 12)
        assert columns.min() >= left - font.GLYPH_OVERHANG
        assert columns.max() < left + THUMB_WIDTH + font.GLYPH_OVERHANG
        assert rows.max() < 18 + THUMB_HEIGHT + 32


@pytest.mark.parametrize("name", NAMES)
def test_shortened_names_fit_and_keep_their_ends(name: str) -> None:
    whole, short = make_drawable(name), fit_to_width(name, 128, 13)
    assert measure_width(short, 13) <= 128
    if short != whole:
        head, tail = short.split(ELLIPSIS)
        assert whole.startswith(head) and whole.endswith(tail)
        assert measure_width(whole, 13) > 128
        # One letter more would not have fitted.
        longer = whole[: len(head) + 1] + ELLIPSIS + tail, head + ELLIPSIS + whole[-len(tail) - 1 :]
        assert max(measure_width(line, 13) for line in longer) > 128


@pytest.mark.parametrize("size", glyph_store.SIZES)
@pytest.mark.parametrize("name", PLAIN_NAMES)
def test_stored_glyphs_make_the_lines_that_the_font_draws(name: str, size: int) -> None:
    line = make_drawable(name)[:60]
    assert measure_width(line, size) == font.measure_width(line, size)
    coverage = np.arange(256, dtype=np.uint8)
    painted, drawn = text.paint_text(line, size, coverage), font.draw_text(line, size)
    assert painted.shape == drawn.shape
    # Processors may round an average differently.
    assert np.abs(painted.astype(int) - drawn).max() <= 1


def test_only_what_cannot_be_drawn_becomes_a_placeholder() -> None:
    assert make_drawable("Grüße Привет 数字 ほん 한국 עב?") == "Grüße Привет 数字 ほん 한국 עב?"
    assert make_drawable("a\u0308\u3000b\u00a0c") == "ä b c"
    for char in ("\n", "\x00", "\udc80", "😀", "\u202e", "\ue000", "ह"):
        assert make_drawable(char) == PLACEHOLDER


def test_plain_pictures_never_load_the_font(monkeypatch: pytest.MonkeyPatch) -> None:
    def load() -> None:
        raise AssertionError("the font was loaded")

    monkeypatch.setattr(font, "_load_font_face", load)
    for cached in (
        glyph_store.draw_word,
        text._draw_columns,
        draw_badge,
        draw_error_card,
        captions._draw_cached_caption,
    ):
        cached.cache_clear()
    view = make_view(Page(1, np.zeros((28, 28), np.uint8)), None)
    for reason in [*Reason, None]:
        for percent in range(101):
            for second in [None, *range(10)]:
                confidence = percent / 100 if percent else None
                status = Status.REVIEW if reason else Status.OK
                prediction = Prediction(status, reason, second, confidence, second, 0.0, ())
                captions.draw_caption(prediction, percent % 2 == 0)
    assert draw_contact_sheet([(draw_thumbnail(view, prediction), "", "scan_0001.png")])
    draw_contact_sheet([(None, str(reason), "-".join([reason] * 9)) for reason in Reason])
