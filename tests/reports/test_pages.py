"""``report.html``: what is in it, and that a person can work with it in a real browser."""

import base64
import csv
import io
import json
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import cv2
import pytest

from batchdigits.arrays import GrayImage
from tests.conftest import ROOT, Run, read_csv, write_png
from tests.support.browser import find_browser, open_page

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]
NASTY = ["<img src=x onerror=alert(1)>.png", "</script><script>alert(2)<!--.png", "=1+1.png"]


@pytest.fixture(scope="module")
def outbox(tmp_path_factory: pytest.TempPathFactory, digits: Digits) -> Path:
    """The outbox of the sample inbox and of files with names that mean harm."""
    folder = tmp_path_factory.mktemp("pages")
    shutil.copytree(ROOT / "inbox", folder / "inbox")
    for number, name in enumerate(NASTY):
        (folder / "inbox" / name.replace("/", "\N{DIVISION SLASH}")).write_bytes(
            cv2.imencode(".png", digits[number][0])[1].tobytes() + b"%d" % number
        )
    command = [sys.executable, "-m", "batchdigits", "run", "inbox", "outbox", "-q"]
    assert subprocess.run(command, cwd=folder, check=False).returncode == 3
    return folder / "outbox"


def data_of(page: Path) -> dict[str, Any]:
    text = page.read_text(encoding="utf-8")
    match = re.search(r'<script id="data" type="application/json">(.*?)</script>', text, re.S)
    assert match
    data: dict[str, Any] = json.loads(match[1])
    data["rows"] = [dict(zip(data["columns"], row, strict=True)) for row in data["rows"]]
    return data


def test_the_page_holds_the_table_and_fetches_nothing(outbox: Path) -> None:
    text = (outbox / "report.html").read_text(encoding="utf-8")
    assert "default-src 'none'" in text
    assert "//" not in re.sub(r'"[A-Za-z0-9+/=]{99,}"|// .*', "", text), "no address of anything"
    assert text.count("<script") == 2 and "<img" not in text
    data, rows = data_of(outbox / "report.html"), read_csv(outbox)
    assert len(data["rows"]) == len(rows) == data["about"]["rows"]
    shown = {(row["file"], row["page"]): row for row in data["rows"]}
    for row in rows:
        cells = shown[row["file"].removeprefix("'"), int(row["page"])]
        digit = "" if cells["digit"] is None else str(cells["digit"])
        assert (cells["status"], digit) == (row["status"], row["digit"])
        if row["thumbnail"]:
            picture = base64.b64decode(cells["picture"])
            assert picture == (outbox / row["thumbnail"]).read_bytes()
            assert len(base64.b64decode(cells["image"])) == 784
    sure = [row["confidence"] or 0 for row in data["rows"] if row["status"] == "ok"]
    assert sure == sorted(sure), "the least certain come first"
    assert data["rows"][0]["status"] == "review"
    histogram = data["about"]["histogram"]
    with_confidence = [row["status"] for row in rows if row["confidence"]]
    assert sum(histogram["settled"]) == with_confidence.count("ok")
    assert sum(histogram["doubtful"]) == with_confidence.count("review")


def test_it_is_drawn_only_where_it_is_wanted_and_needed(
    batchdigits: Run, inbox: Path, outbox: Path, tmp_path: Path, digits: Digits
) -> None:
    write_png(inbox / "1.png", digits[1][0])
    out = tmp_path / "out"
    batchdigits("run", inbox, out, "--no-html")
    assert not (out / "report.html").exists() and not (out / "results.xlsx").exists()
    batchdigits("run", inbox, out)
    before = (out / "report.html").stat().st_mtime_ns
    batchdigits("run", inbox, out)
    assert (out / "report.html").stat().st_mtime_ns == before
    code = (
        "import sys; from batchdigits.cli.main import main\ntry: main()\nexcept SystemExit: pass\n"
    )
    code += "print(*sorted({name.split('.')[0] for name in sys.modules}))"
    command = [sys.executable, "-c", code, "run", str(inbox), str(tmp_path / "o2"), "--no-html"]
    loaded = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split()
    assert not {"xlsxwriter", "python_calamine", "matplotlib", "pandas"} & set(loaded)


def test_thousands_of_rows_are_split(
    outbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from batchdigits.config import ReportChanges
    from batchdigits.journal.journal import Journal
    from batchdigits.reports import htmlfile
    from batchdigits.reports.rerender import render_part

    shutil.copytree(outbox, tmp_path / "copy")
    monkeypatch.setattr(htmlfile, "ROWS_PER_PAGE", 30)
    with Journal(tmp_path / "copy") as journal:
        rows = render_part(
            journal, tmp_path / "copy", tmp_path / "split", "", ReportChanges(html=True)
        )
    pages = sorted((tmp_path / "split").glob("report*.html"))
    assert len(pages) == -(-rows // 30)
    names = [row["file"] for page in pages for row in data_of(page)["rows"]]
    assert len(names) == rows
    assert data_of(pages[-1])["about"]["parts"][0]["file"] == "report.html"


@pytest.fixture(scope="module")
def browser() -> str:
    path = find_browser()
    if not path:
        pytest.skip("no Chromium is here: make test installs it where it may")
    return path


@pytest.fixture
def page(browser: str, outbox: Path, tmp_path: Path) -> Iterator[Any]:
    with open_page(browser, outbox / "report.html", tmp_path) as page:
        yield page


def cells(page: Any) -> int:
    return int(page.locator(".cell").count())


def test_names_are_text_and_nothing_goes_wrong(page: Any, outbox: Path) -> None:
    assert page.problems == [] and page.fetched == []
    page.get_by_role("button", name="all", exact=True).click()
    shown = page.locator(".cell .name").all_inner_texts()
    for name in NASTY:
        assert name.replace("/", "\N{DIVISION SLASH}") in shown
    rows = read_csv(outbox)
    files = len({row["file"] for row in rows})
    headline = page.locator("#overview .large").all_inner_texts()
    assert [text.split() for text in headline] == [["files", str(files)], ["pages", str(len(rows))]]


def test_filters_narrow_the_gallery(page: Any, outbox: Path) -> None:
    rows = read_csv(outbox)
    assert cells(page) == sum(row["status"] == "review" for row in rows), "what is left to check"
    page.get_by_role("button", name="all", exact=True).click()
    assert cells(page) == len(rows)
    page.get_by_role("button", name="review").click()
    assert cells(page) == sum(row["status"] == "review" for row in rows)
    page.get_by_role("button", name="all", exact=True).click()
    page.locator("#digits button").nth(7).click()
    assert cells(page) == sum(row["digit"] == "7" for row in rows)
    page.get_by_role("button", name="all", exact=True).click()
    page.locator("#reason").select_option("truncated")
    assert cells(page) == sum(row["reason"] == "truncated" for row in rows)
    page.get_by_role("button", name="all", exact=True).click()
    page.locator("#text").fill("FORMS/digit1")
    assert cells(page) == sum("forms/digit1" in row["file"] for row in rows)
    page.locator("#text").fill("no such file")
    assert (
        cells(page) == 0 and "No scan matches the filters" in page.locator("#gallery").inner_text()
    )


def test_three_digits_are_corrected_with_the_keyboard_and_saved(
    page: Any, outbox: Path, batchdigits: Run, tmp_path: Path
) -> None:
    page.locator("#text").fill("forms/")
    page.keyboard.press("Escape")
    names = [page.locator(".cell").nth(n).get_attribute("title") for n in range(5)]
    page.keyboard.press("3")  # moves on by itself
    page.keyboard.press("ArrowRight")
    page.keyboard.press("5")
    page.keyboard.press("Enter")
    page.keyboard.press("-")
    page.keyboard.press("Backspace")  # the next one: nothing was said of it
    assert page.locator("#progress").inner_text().startswith("4 checked")
    page.reload()
    assert page.locator("#progress").inner_text().startswith("4 checked"), "kept by the browser"
    with page.expect_download() as waiting:
        page.locator("#save").click()
    saved = tmp_path / "corrections.csv"
    waiting.value.save_as(saved)
    rows = list(csv.DictReader(io.StringIO(saved.read_text("utf-8-sig"))))
    saved_digits = {row["file"]: row["corrected_digit"] for row in rows}
    read = {row["file"]: row["digit"] for row in read_csv(outbox)}
    assert saved_digits == {
        names[0]: "3",
        names[2]: "5",
        names[3]: read[str(names[3])],
        names[4]: "-1",
    }
    copy = tmp_path / "copy"
    shutil.copytree(outbox, copy)
    done = batchdigits("correct", copy, saved)
    assert done.returncode == 0 and "4 rows were put on record" in done.stderr
    again = {row["file"]: row["corrected_digit"] for row in read_csv(copy)}
    assert {name: again[name] for name in saved_digits} == saved_digits
    shown = data_of(copy / "report.html")["rows"]
    assert sum(row["corrected_digit"] is not None for row in shown) == 4


def test_what_the_model_saw_is_shown(page: Any) -> None:
    page.locator("#text").fill("forms/digit1.png")
    zoom = page.locator("#zoom")
    assert zoom.locator("canvas").count() == 1 and zoom.locator(".scores i").count() == 11
    assert "what the model saw" in zoom.inner_text() and "sure" in zoom.inner_text()
    page.locator("#text").fill("half.png")
    assert "truncated" in page.locator(".cell").first.inner_text()
    assert "Copy or scan it again" in zoom.inner_text()


@pytest.mark.long
def test_five_thousand_pictures_stay_quick(browser: str, tmp_path: Path, digits: Digits) -> None:
    inbox, out = tmp_path / "in", tmp_path / "out"
    inbox.mkdir()
    plain = cv2.imencode(".png", digits[3][0])[1].tobytes()
    for number in range(5000):
        (inbox / f"{number}.png").write_bytes(plain + b"%d" % number)
    command = [
        sys.executable,
        "-m",
        "batchdigits",
        "run",
        inbox,
        out,
        "-q",
        "--thumbnails",
        "sheets",
    ]
    subprocess.run([*map(str, command), "--duplicates", "read"], check=True)
    with open_page(browser, out / "report.html", tmp_path) as page:
        begun = time.monotonic()
        page.locator("#text").fill("4999")
        page.locator(".cell[title='4999.png']").wait_for()
        page.keyboard.press("Escape")
        page.keyboard.press("7")
        assert page.locator("#progress").inner_text() == "1 checked, 1 corrected"
        took = time.monotonic() - begun
        assert cells(page) == 1 and page.problems == []
    print(f"filtered and corrected among 5,000 pictures in {took:.2f} s")


def test_what_is_on_record_counts_more_than_an_older_word(
    browser: str, outbox: Path, batchdigits: Run, tmp_path: Path
) -> None:
    copy = tmp_path / "copy"
    shutil.copytree(outbox, copy)
    sha256 = next(row["sha256"] for row in read_csv(copy) if row["file"] == "forms/digit1.png")

    def find_details(page: Any) -> str:
        page.locator("#text").fill("forms/digit1.png")
        return str(page.locator("#zoom").inner_text())

    typed = tmp_path / "typed.csv"
    with open_page(browser, copy / "report.html", tmp_path) as page:
        find_details(page)
        page.keyboard.press("Escape")
        page.keyboard.press("3")
        typed.write_text(f"sha256,page,corrected_digit\n{sha256},1,4\n")
        assert batchdigits("correct", copy, typed).returncode == 0
        page.reload()
        assert find_details(page).endswith("you said\n4")
        page.keyboard.press("Escape")
        page.keyboard.press("Backspace")  # taken back: told to the next correct
        with page.expect_download() as waiting:
            page.locator("#save").click()
        waiting.value.save_as(typed)
    assert batchdigits("correct", copy, typed).returncode == 0
    assert not any(row["corrected_digit"] for row in read_csv(copy))


def test_keys_are_for_the_scans_after_a_click(page: Any, outbox: Path) -> None:
    page.get_by_role("button", name="review").click()
    reviews = cells(page)
    page.keyboard.press("Enter")
    assert cells(page) == reviews and page.locator("#progress").inner_text().startswith("1 checked")
    page.locator("#reason").select_option("blank")
    page.keyboard.press("7")
    assert "checked" in page.locator("#progress").inner_text() and cells(page) == 1


def test_two_tabs_do_not_undo_each_other(page: Any) -> None:
    other = page.context.new_page()
    other.goto(page.url)
    other.locator("#text").fill("forms/digit2.png")
    page.locator("#text").fill("forms/digit1.png")
    for tab, digit in ((page, "3"), (other, "4")):
        tab.keyboard.press("Escape")
        tab.keyboard.press(digit)
    page.reload()
    assert page.locator("#progress").inner_text() == "2 checked, 2 corrected"


def correct_first(page: Any, digit: str) -> None:
    page.locator("#gallery").press("Home")
    page.keyboard.press(digit)


def progress_of(page: Any) -> str:
    return str(page.locator("#progress").inner_text())


@pytest.mark.long
def test_two_outboxes_of_one_inbox_keep_their_corrections_apart(
    browser: str, batchdigits: Run, inbox: Path, tmp_path: Path, digits: Digits
) -> None:
    write_png(inbox / "1.png", digits[1][0])
    first, second = tmp_path / "first", tmp_path / "second"
    for folder in (first, second):
        assert batchdigits("run", inbox, folder, "-q").returncode == 0
    with open_page(browser, first / "report.html", tmp_path) as page:
        correct_first(page, "3")
        page.goto((second / "report.html").as_uri())
        assert progress_of(page) == "Nothing is checked yet."
        correct_first(page, "4")
        page.goto((first / "report.html").as_uri())
        with page.expect_download() as waiting:
            page.locator("#save").click()
        waiting.value.save_as(tmp_path / "corrections.csv")
        saved = (tmp_path / "corrections.csv").read_text("utf-8-sig")
        assert [row["corrected_digit"] for row in csv.DictReader(io.StringIO(saved))] == ["3"]
        # A page drawn anew, and one of a part of its rows, are of the same outbox.
        write_png(inbox / "2.png", digits[2][0])
        batchdigits("run", inbox, first, "-q")
        batchdigits("report", first, "--where", "file = '1.png'", "--to", tmp_path / "part")
        for path in (first / "report.html", tmp_path / "part" / "report.html"):
            page.goto(path.as_uri())
            assert progress_of(page).startswith("1 checked")


@pytest.mark.long
def test_corrections_in_pages_of_an_earlier_version_are_taken_over(
    browser: str, batchdigits: Run, inbox: Path, tmp_path: Path, digits: Digits
) -> None:
    write_png(inbox / "1.png", digits[1][0])
    first, second, recorded = (tmp_path / name for name in ("first", "second", "recorded"))
    for folder in (first, second, recorded):
        batchdigits("run", inbox, folder, "-q")
    (row,) = read_csv(first)
    typed = tmp_path / "typed.csv"
    typed.write_text(f"sha256,page,corrected_digit\n{row['sha256']},1,4\n")
    assert batchdigits("correct", recorded, typed).returncode == 0
    # Both are kept under the inbox, so nobody knows which outbox they were meant for.
    store = f"batchdigits {inbox.resolve()} "
    item = {"base": None, "said": "7", "file": "1.png", "page": 1, "sha": row["sha256"], "digit": 1}
    earlier = {
        f"{store}{row['sha256']}:1": json.dumps(item),
        f"{store}{'0' * 64}:1": json.dumps(item | {"sha": "0" * 64}),
    }

    def find_earlier(page: Any) -> dict[str, str]:
        stored: dict[str, str] = page.evaluate("({...localStorage})")
        return {name: text for name, text in stored.items() if name.startswith(store)}

    with open_page(browser, recorded / "report.html", tmp_path) as page:
        for name, text in earlier.items():
            page.evaluate("([name, item]) => localStorage.setItem(name, item)", [name, text])
        page.reload()
        assert page.locator("#save").is_disabled(), "what is on record counts more"
        assert find_earlier(page) == earlier
        for folder in (first, second):
            page.goto((folder / "report.html").as_uri())
            assert progress_of(page) == "1 checked, 1 corrected"
            assert find_earlier(page) == earlier, "each outbox may be the one it was meant for"
        page.locator("#gallery").press("Home")
        page.keyboard.press("Backspace")  # taken back in the second outbox, for good
        page.reload()
        assert progress_of(page) == "Nothing is checked yet."
        page.goto((first / "report.html").as_uri())
        assert progress_of(page) == "1 checked, 1 corrected"
        with page.expect_download() as waiting:
            page.locator("#save").click()
        waiting.value.save_as(typed)
        assert batchdigits("correct", first, typed).returncode == 0
        page.reload()
        assert page.locator("#save").is_disabled() and progress_of(page).startswith("1 checked")


def test_each_part_of_a_long_report_takes_over_its_own_corrections(
    browser: str,
    batchdigits: Run,
    inbox: Path,
    tmp_path: Path,
    digits: Digits,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from batchdigits.config import ReportChanges
    from batchdigits.journal.journal import Journal
    from batchdigits.reports import htmlfile
    from batchdigits.reports.rerender import render_part

    for number in (1, 2):
        write_png(inbox / f"{number}.png", digits[number][0])
    out, parts = tmp_path / "out", tmp_path / "parts"
    batchdigits("run", inbox, out, "-q")
    monkeypatch.setattr(htmlfile, "ROWS_PER_PAGE", 1)
    with Journal(out) as journal:
        render_part(journal, out, parts, "", ReportChanges(html=True))
    with open_page(browser, parts / "report.html", tmp_path) as page:
        for row in read_csv(out):
            item = {"base": None, "said": "9", "file": row["file"], "page": 1, "sha": row["sha256"]}
            name = f"batchdigits {inbox.resolve()} {row['sha256']}:1"
            put = "([name, item]) => localStorage.setItem(name, item)"
            page.evaluate(put, [name, json.dumps(item)])
        for name in ("report.html", "report-2.html"):
            page.goto((parts / name).as_uri())
            page.reload()
            assert progress_of(page).startswith("1 checked")
