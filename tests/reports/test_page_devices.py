"""``report.html`` on a phone, with a mouse, in the dark, and for those who cannot see it."""

import csv
import io
import shutil
from pathlib import Path
from typing import Any, NamedTuple

import cv2
import numpy as np
import pytest

from batchdigits.arrays import GrayImage
from tests.conftest import ROOT, Run, read_csv, write_png
from tests.support.browser import find_browser, open_page

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]
PHONE: dict[str, Any] = {"width": 390, "height": 844, "has_touch": True, "is_mobile": True}
DESKTOP: dict[str, Any] = {"width": 1400}
#: Pixels that a finger hits surely.
FINGER = 44
SCAN_COUNT, CORRECTION_COUNT = 23, 20


class Reports(NamedTuple):
    """A browser, and an outbox of which all pages are in review."""

    browser: str
    outbox: Path

    def open(self, temporary: Path, **device: Any) -> Any:
        """Open the page in the browser."""
        return open_page(self.browser, self.outbox / "report.html", temporary, **device)


@pytest.fixture
def reports(batchdigits: Run, inbox: Path, tmp_path: Path, digits: Digits) -> Reports:
    browser = find_browser()
    if not browser:
        pytest.skip("no Chromium is here: make test installs it where it may")
    for number in range(SCAN_COUNT):
        # Two digits each, so that a person has to look.
        pair = (digits[number % 10][0], digits[(number + 1 + number // 10) % 10][0])
        images = [cv2.resize(image, (60, 100), interpolation=cv2.INTER_AREA) for image in pair]
        write_png(inbox / f"{number:02}.png", np.hstack(images))
    outbox = tmp_path / "an outbox"
    batchdigits("run", inbox, outbox, "-q")
    assert {row["status"] for row in read_csv(outbox)} == {"review"}
    return Reports(browser, outbox)


def count_left(page: Any) -> int:
    return int(page.locator("#left small").text_content())


@pytest.mark.long
@pytest.mark.parametrize("device", [PHONE, DESKTOP], ids=["touch", "mouse"])
def test_twenty_pages_are_corrected_without_a_keyboard(
    reports: Reports, batchdigits: Run, tmp_path: Path, device: dict[str, Any]
) -> None:
    read = {row["file"]: row["digit"] for row in read_csv(reports.outbox)}
    said: dict[str, str] = {}
    with reports.open(tmp_path, **device) as page:

        def press(selector: str) -> None:
            target = page.locator(selector)
            target.tap() if device is PHONE else target.click()

        if device is PHONE:
            assert not page.locator("#pad").is_visible() and not page.locator("#text").is_visible()
            press("#start")
            picture = page.locator("#zoom-picture img").bounding_box()
            assert picture["width"] > 0.9 * device["width"]
            page_size = page.evaluate("[document.body.scrollWidth, innerWidth]")
            assert page_size == [device["width"]] * 2, "nothing is cut off at the side"
        for button in page.locator("#pad button").all():
            box = button.bounding_box()
            assert min(box["width"], box["height"]) >= FINGER
            assert box["y"] + box["height"] <= page.viewport_size["height"], "in sight"
        for number in range(CORRECTION_COUNT):
            assert count_left(page) == SCAN_COUNT - number == page.locator(".cell").count()
            name = page.locator("#zoom-title").inner_text()
            assert name not in said
            key, said[name] = [("-", "-1"), ("right", read[name]), (f"{number % 10}",) * 2][
                number % 3
            ]
            if number == 7:  # a slip of the finger
                press(".key-0")
                assert page.locator("#zoom-title").inner_text() != name
                press(".key-undo")
                assert page.locator("#zoom-title").inner_text() == name
            press(f".key-{key}")
        if device is PHONE:
            press("#close")
        with page.expect_download() as waiting:
            press("#save")
        waiting.value.save_as(tmp_path / "corrections.csv")
        command = f"batchdigits correct '{reports.outbox}' corrections.csv"
        assert command in page.locator("#how").inner_text()
        assert command in page.locator("#saved").inner_text()
        press("#gallery .cell >> nth=0")
        for _ in range(SCAN_COUNT - CORRECTION_COUNT):
            press(".key-right")
        assert page.locator("#zoom-title").inner_text() == "Nothing is left to check."
        assert page.locator(".key-right").is_disabled() and page.problems == []
        assert not page.locator("#next").is_visible() and not page.locator("#more").is_visible()
    text = (tmp_path / "corrections.csv").read_text("utf-8-sig")
    saved = {row["file"]: row["corrected_digit"] for row in csv.DictReader(io.StringIO(text))}
    assert saved == said and len(saved) == CORRECTION_COUNT
    done = batchdigits("correct", reports.outbox, tmp_path / "corrections.csv")
    assert done.returncode == 0 and f"{CORRECTION_COUNT} rows were put on record" in done.stderr
    recorded = {row["file"]: row["corrected_digit"] for row in read_csv(reports.outbox)}
    assert {name: digit for name, digit in recorded.items() if digit} == said
    with reports.open(tmp_path / "another browser", **device) as page:
        assert count_left(page) == SCAN_COUNT - CORRECTION_COUNT


def test_undo_and_taking_back_with_keys(reports: Reports, tmp_path: Path) -> None:
    with reports.open(tmp_path) as page:
        first = page.locator("#zoom-title").inner_text()
        page.keyboard.press("3")
        page.keyboard.press("4")
        assert count_left(page) == SCAN_COUNT - 2
        page.keyboard.press("Backspace")  # those that are shown are not checked: the last one
        page.keyboard.press("Control+z")
        assert count_left(page) == SCAN_COUNT
        assert page.locator("#zoom-title").inner_text() == first
        assert page.locator("#save").is_disabled()
        page.get_by_role("button", name="all", exact=True).click()
        page.keyboard.press("Home")
        wrong = page.locator(".key:not(.read)").first.inner_text()
        page.keyboard.press(wrong)
        assert page.locator(".cell.wrong .mark").inner_text().split() == ["→", wrong, "corrected"]
        page.keyboard.press("ArrowLeft")
        button = page.locator(f".key-{wrong}")
        assert button.get_attribute("aria-pressed") == "true"
        button.click()  # pressed again: taken back
        assert page.locator("#save").is_disabled() and page.locator(".cell.checked").count() == 0


def test_right_means_no_digit_where_none_was_read(
    reports: Reports, batchdigits: Run, inbox: Path, tmp_path: Path
) -> None:
    for path in inbox.iterdir():
        path.unlink()
    for name in ("mark", "letter", "scribble"):
        shutil.copy(ROOT / "inbox" / "troubled" / f"{name}.png", inbox)
    batchdigits("run", inbox, tmp_path / "none", "-q")
    guess = {row["file"]: row["second_digit"] for row in read_csv(tmp_path / "none")}
    with open_page(reports.browser, tmp_path / "none" / "report.html", tmp_path) as page:
        name = page.locator("#zoom-title").inner_text()
        reading = page.locator("#reading").inner_text()
        assert reading == f"probably no digit; best guess {guess[name]}"
        page.get_by_role("button", name="right: no digit").click()
        page.keyboard.press("7")
        with page.expect_download() as waiting:
            page.locator("#save").click()
        waiting.value.save_as(tmp_path / "corrections.csv")
    text = (tmp_path / "corrections.csv").read_text("utf-8-sig")
    saved = [row["corrected_digit"] for row in csv.DictReader(io.StringIO(text))]
    assert saved == ["-1", "7"]


@pytest.mark.long
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_and_use_it(reports: Reports, tmp_path: Path, scheme: str) -> None:
    from axe_playwright_python.sync_playwright import Axe

    for device in (DESKTOP, PHONE):
        with reports.open(tmp_path, color_scheme=scheme, **device) as page:
            dark = page.evaluate("matchMedia('(prefers-color-scheme: dark)').matches")
            assert dark == (scheme == "dark")
            back = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert (sum(map(int, back[4:-1].split(", "))) < 200) == dark

            def check() -> None:
                results = Axe().run(page)
                assert results.violations_count == 0, results.generate_report()

            check()
            page.evaluate("document.querySelectorAll('details').forEach(it => { it.open = true })")
            page.locator("#filters [type=reset]").click()
            for key in ("7", "Enter", "-"):
                page.keyboard.press(key)
            check()
            page.locator(".cell").first.click()
            check()


def test_times_are_those_of_the_reader(reports: Reports, tmp_path: Path) -> None:
    with reports.open(tmp_path, timezone_id="Asia/Tokyo", locale="de-DE") as page:
        time = page.locator("#when time")
        expected = page.evaluate(
            "text => new Intl.DateTimeFormat('de-DE', {dateStyle: 'long', timeStyle: 'short',"
            " timeZone: 'Asia/Tokyo'}).format(new Date(text))",
            time.get_attribute("datetime"),
        )
        assert time.inner_text() == expected and " um " in expected
        assert time.get_attribute("lang") == "de-DE"
