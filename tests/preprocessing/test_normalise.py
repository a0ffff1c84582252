import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from batchdigits.arrays import GrayImage
from batchdigits.preprocessing.centring import IMAGE_SIDE, INK_SIDE
from batchdigits.preprocessing.normalise import (
    _normalise_page,
    is_unambiguous,
    normalise,
    normalise_all,
)

Digits = list[tuple[GrayImage, str]]


def seven(side: int = 28, width: int = 2) -> GrayImage:
    """A drawn 7: black ink on white paper."""
    image = np.full((side, side), 255, np.uint8)
    scale = side / 28
    points = np.array([[8, 5], [19, 5], [11, 23]], np.float64) * scale
    cv2.polylines(image, [points.astype(np.int32)], False, 0, max(1, round(width * scale)))
    return image


def assert_convention(image: GrayImage) -> None:
    """White ink on black, box 20 on its longer side, centre of mass in the middle pixel."""
    assert image.shape == (IMAGE_SIDE, IMAGE_SIDE) and image.dtype == np.uint8
    rows, columns = np.nonzero(image)
    assert max(np.ptp(rows), np.ptp(columns)) + 1 <= INK_SIDE
    moments = cv2.moments(image)
    centre = moments["m10"] / moments["m00"], moments["m01"] / moments["m00"]
    fits = rows.min() > 0 and columns.min() > 0 and rows.max() < 27 and columns.max() < 27
    assert not fits or np.abs(np.array(centre) - IMAGE_SIDE / 2).max() <= 0.51
    assert image.max() >= 250


def similar(first: GrayImage, second: GrayImage) -> float:
    """Cosine of two pictures after a small blur: 1 is the same."""
    a, b = (cv2.GaussianBlur(image, (0, 0), 1).astype(float).ravel() for image in (first, second))
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


def test_real_scans_come_out_in_the_convention(digits: Digits) -> None:
    for image, _ in digits:
        normalised = normalise(image)
        assert_convention(normalised.image)
        assert normalised.component_count == 1 and normalised.contrast > 0.2


def test_what_is_in_the_convention_already_stays(digits: Digits) -> None:
    for image, _ in digits:
        once = normalise(image).image
        assert similar(normalise(once).image, once) > 0.98


@pytest.mark.parametrize("side", [8, 16, 28, 95, 300, 1200, 3000])
def test_size_does_not_matter(side: int) -> None:
    assert similar(normalise(seven(side)).image, normalise(seven(95)).image) > (
        0.6 if side == 8 else 0.85
    )


def test_polarity_and_gray_levels_do_not_matter(digits: Digits) -> None:
    for image, _ in digits:
        expected = normalise(image).image
        faded = (image.astype(int) // 3 + 90).astype(np.uint8)
        for variant in (255 - image, faded, 255 - faded):
            assert similar(normalise(variant).image, expected) > 0.95


def test_uneven_light_is_evened_out() -> None:
    side = 240
    slope = np.linspace(1, 0.5, side)[None, :] * np.linspace(1, 0.8, side)[:, None]
    page = np.clip(seven(side) * 0.8 + 40, 0, 255)
    shaded = (page * slope).astype(np.uint8)
    normalised = normalise(shaded)
    assert normalised.component_count == 1
    assert similar(normalised.image, normalise(seven(side)).image) > 0.9


def test_the_box_lies_on_the_ink_in_page_pixels() -> None:
    for side in (60, 300, 2000):
        page = np.full((side, side * 2), 250, np.uint8)
        small = seven(side // 4)
        page[side // 2 : side // 2 + side // 4, side : side + side // 4] = small
        box = normalise(page).box
        rows, columns = np.nonzero(page < 128)
        assert box is not None
        slack = max(2, side // 60)
        assert abs(box.x - columns.min()) <= slack and abs(box.y - rows.min()) <= slack
        assert abs(box.width - np.ptp(columns) - 1) <= 2 * slack
        assert abs(box.height - np.ptp(rows) - 1) <= 2 * slack


@pytest.mark.parametrize("side", [299, 1000, 1001, 1003, 1279])
def test_what_touches_the_edge_of_a_large_page_does_so_in_its_box(side: int) -> None:
    page = np.full((side + 100, side), 250, np.uint8)
    digit = np.minimum(seven(side // 2), 250)
    seen = digit[:, : len(digit) // 2]
    page[100 : 100 + len(seen), -seen.shape[1] :] = seen
    box = normalise(page).box
    assert box and box.x > 0 and box.x + box.width == side


def test_what_lies_inside_a_frame_can_be_left_out() -> None:
    page = np.full((60, 60), 240, np.uint8)
    cv2.rectangle(page, (10, 10), (49, 90), 30, 3)
    page[12:50, 12:50] = np.minimum(page[12:50, 12:50], np.minimum(seven(38), 240))
    (whole,) = normalise_all([page])
    (alone,) = normalise_all([page], inside_frames=False)
    assert len(whole.readings()) > len(alone.readings())
    assert np.array_equal(whole.image, alone.image) and whole.box == alone.box


def test_a_small_digit_on_a_large_page_is_read_at_full_resolution() -> None:
    page = np.full((3000, 2000), 240, np.uint8)
    page[2500:2600, 300:400] = np.minimum(seven(100), 240)
    assert similar(normalise(page).image, normalise(seven(100)).image) > 0.95


@pytest.mark.parametrize("side", [160, 300, 301, 450, 1200])
def test_a_glance_at_a_large_digit_sees_what_a_search_does(side: int, digits: Digits) -> None:
    for digit, _ in digits[::4]:
        page = np.asarray(cv2.resize(digit, (side, side), interpolation=cv2.INTER_CUBIC), np.uint8)
        glanced, searched = normalise(page), _normalise_page(page, inside_frames=True)
        # Rounding may move the whole digit by a pixel.
        assert similar(glanced.image, searched.image) > 0.9
        assert glanced.component_count == searched.component_count == 1
        assert glanced.box and searched.box
        for name in ("x", "y", "width", "height"):
            difference = getattr(glanced.box, name) - getattr(searched.box, name)
            assert abs(difference) <= max(4, side // 40)


@pytest.mark.parametrize(
    "spoil",
    [
        np.s_[:, 5:17],  # a stroke from edge to edge
        np.s_[:24, 60:95],  # a blot at the edge
        np.s_[30:120, 135:145],  # another digit
    ],
)
def test_what_is_in_doubt_does_not_stand_out(spoil: tuple[slice, slice]) -> None:
    page = np.full((149, 149), 240, np.uint8)
    assert not is_unambiguous(normalise(page), 149, 149)
    page[25:125, 25:125] = np.minimum(seven(100), 240)
    assert is_unambiguous(normalise(page), 149, 149)
    assert not is_unambiguous(normalise(page // 8 + 200), 149, 149)
    page[spoil] = 60
    assert not is_unambiguous(normalise(page), 149, 149)


def test_many_pages_read_as_each_one_does(digits: Digits) -> None:
    small = [np.asarray(cv2.resize(image, (28, 28)), np.uint8) for image, _ in digits]
    large = [np.asarray(cv2.resize(image, (400, 300)), np.uint8) for image, _ in digits[:2]]
    blank = np.full((28, 28), 9, np.uint8)
    pages = [*small, 255 - small[0], blank, large[0], digits[0][0], small[0].T, large[1], seven()]
    for page, digit in zip(pages, normalise_all(pages), strict=True):
        alone = normalise(page)
        assert np.array_equal(alone.image, digit.image)
        assert (alone.box, alone.contrast, alone.component_count) == (
            digit.box,
            digit.contrast,
            digit.component_count,
        )
    assert normalise_all([]) == []


def test_a_tiny_digit_with_a_smudge_elsewhere_does_not_stand_out() -> None:
    page = np.full((149, 149), 240, np.uint8)
    page[10:30, 10:30] = np.minimum(seven(20), 240)
    page[120:127, 120:127] = 60
    digit = normalise(page)
    assert digit.box and max(digit.box.width, digit.box.height) > 100
    assert not is_unambiguous(digit, 149, 149)


@pytest.mark.parametrize("level", [0, 128, 244, 255])
def test_blank_paper_has_no_ink(level: int) -> None:
    for shape in ((28, 28), (200, 300), (1, 1), (2000, 50)):
        normalised = normalise(np.full(shape, level, np.uint8))
        assert (
            normalised.box is None
            and not normalised.image.any()
            and normalised.component_count == 0
        )


def test_creases_stains_and_show_through_on_white_paper_are_no_ink() -> None:
    for shape in ("crease", "stain", "eight"):
        layer = np.zeros((120, 100), np.uint8)
        if shape == "crease":
            cv2.line(layer, (50, 10), (55, 110), 5, 6)
        elif shape == "stain":
            cv2.circle(layer, (50, 60), 30, 6, -1)
        else:
            cv2.putText(layer, "8", (20, 100), cv2.FONT_HERSHEY_SIMPLEX, 3, 7, 8)
        page = 255 - np.asarray(cv2.GaussianBlur(layer, (0, 0), 2), np.uint8)
        assert normalise(page).box is None, shape


def test_a_dark_speck_does_not_erase_a_pale_digit() -> None:
    page = np.full((100, 100), 235, np.uint8)
    page[20:90, 20:90][seven(70, 4) < 128] = 195
    clean = normalise(page)
    page[4:8, 4:8] = 10
    normalised = normalise(page)
    assert normalised.box and normalised.box.height > 50 and normalised.contrast < 0.3
    assert similar(normalised.image, clean.image) > 0.95


def test_the_polarity_of_fat_digits_that_fill_their_page(digits: Digits) -> None:
    wrong = 0
    for image, _ in digits:
        ink = normalise(image).image
        rows, columns = np.nonzero(ink > 60)
        tight = ink[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        for width in (2, 4):
            fat = cv2.dilate(cv2.resize(tight, (28, 28)), np.ones((width, width), np.uint8))
            page = np.asarray(fat > 90, np.uint8) * np.uint8(255)
            wide = np.pad(page, 14)
            for flip in (0, 255):
                normalised = normalise(page ^ np.uint8(flip)).image
                wrong += similar(normalised, normalise(wide ^ np.uint8(flip)).image) < 0.8
    # Of the 1s, stretched and fat, little but ink is left.
    assert wrong <= 8


def test_grainy_blank_paper_has_no_ink() -> None:
    random = np.random.default_rng(1)
    paper = np.clip(random.normal(240, 2, (200, 200)), 0, 255).astype(np.uint8)
    assert normalise(paper).box is None


def test_two_digits_are_two_marks_and_a_broken_five_is_one() -> None:
    assert normalise(np.hstack([seven(), seven()])).component_count == 2
    five = np.full((60, 60), 255, np.uint8)
    cv2.line(five, (20, 10), (42, 10), 0, 3)
    cv2.line(five, (20, 16), (20, 28), 0, 3)
    cv2.ellipse(five, (28, 38), (13, 12), 0, -120, 150, 0, 3)
    assert normalise(five).component_count == 1


def test_specks_and_an_edge_line_are_left_out() -> None:
    clean = seven(120, 3)
    dirty = clean.copy()
    dirty[:, :2] = 60
    dirty[100:102, 100:102] = 0
    assert similar(normalise(dirty).image, normalise(clean).image) > 0.97


def test_hairlines_stay_visible() -> None:
    page = np.full((600, 600), 255, np.uint8)
    points = np.array([[170, 100], [400, 100], [230, 500]], np.int32)
    cv2.polylines(page, [points], False, 0, 2)
    image = normalise(page).image
    assert (image > 128).sum() >= 25


@settings(max_examples=150, deadline=None)
@given(arrays.arrays(np.uint8, st.tuples(st.integers(1, 90), st.integers(1, 90))))
def test_any_pixels_at_all(gray: GrayImage) -> None:
    normalised = normalise(gray)
    assert normalised.image.shape == (IMAGE_SIDE, IMAGE_SIDE)
    assert (normalised.box is None) == (not normalised.image.any())
    if normalised.box:
        box = normalised.box
        assert 0 <= box.x < box.x + box.width <= gray.shape[1]
        assert 0 <= box.y < box.y + box.height <= gray.shape[0]


@pytest.mark.parametrize("enlarged", [1, 3, 4, 6])
@pytest.mark.parametrize("inverted", [False, True])
def test_thresholded_digits_that_fill_their_page_stay_whole(
    digits: Digits, enlarged: int, inverted: bool
) -> None:
    for image, digit in digits:
        whole = normalise(image).image > 127
        rows, columns = np.nonzero(whole)
        cut = whole[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        if digit == "1":  # is but a block when it fills a square
            continue
        small = np.asarray(cv2.resize(cut * np.uint8(255), (16, 16)), np.uint8) > 100
        page = np.kron(small ^ inverted, np.ones((enlarged, enlarged))).astype(np.uint8) * 255
        image = normalise(page).image
        box = np.ix_(np.any(image > 100, axis=1), np.any(image > 100, axis=0))
        seen = np.asarray(cv2.resize(image[box], (16, 16)), np.uint8) > 100
        assert np.mean(seen == small) > 0.85


@pytest.mark.parametrize("shade", [90, 120])
def test_a_shadow_on_clipped_paper_is_no_ink(shade: int, digits: Digits) -> None:
    for image, _ in digits[::3]:
        bold = np.asarray(cv2.resize(normalise(image).image, (200, 200)), np.uint8) > 90
        page = np.where(bold, 0, 255).astype(np.uint8)
        light = np.full(200, 1.0)
        light[:66] = 1 - shade / 255
        shaded = (page * cv2.blur(light[None], (9, 1))).astype(np.uint8)
        assert similar(normalise(shaded).image, normalise(page).image) > 0.85


@pytest.mark.parametrize("inverted", [False, True])
def test_specks_do_not_turn_ink_into_paper(inverted: bool, digits: Digits) -> None:
    random = np.random.default_rng(5)
    for image, digit in digits:
        if digit == "1":
            continue
        whole = normalise(image).image > 127
        rows, columns = np.nonzero(whole)
        cut = whole[rows.min() : rows.max() + 1, columns.min() : columns.max() + 1]
        page = np.asarray(cv2.resize(cut * np.uint8(255), (64, 64)), np.uint8) > 100
        clean = normalise((page ^ inverted) * np.uint8(255)).image
        page[tuple(random.integers(0, 64, (2, 15)))] ^= True
        assert similar(normalise((page ^ inverted) * np.uint8(255)).image, clean) > 0.8


@pytest.mark.parametrize("speck", [0, 1, 2])
def test_noisy_print_that_shows_through_is_left_out(speck: int) -> None:
    random = np.random.default_rng(1)
    page = np.full((120, 120), 230.0)
    page[20:80, 10:70] -= (255 - seven(60, 4)) * 0.4
    alone = normalise(page.astype(np.uint8)).image
    behind = (255 - seven(40, 4)) > 127
    page[70:110, 75:115] -= behind * random.uniform(30, 45, (40, 40))
    # A speck in it is as dark as the pen, but it is told by its mean.
    page[75 : 75 + speck, 80 : 80 + speck] -= 60
    assert similar(normalise(page.astype(np.uint8)).image, alone) > 0.9
