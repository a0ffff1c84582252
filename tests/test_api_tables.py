"""Tables of pandas: of readings, of images read for them, and of a folder of results."""

import doctest
import os
import shutil
import subprocess
import sys
import time
from contextlib import suppress
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import pytest

import batchdigits as package
from batchdigits.api.tables import load, to_dataframe
from batchdigits.errors import OutboxError
from batchdigits.journal.columns import TABLE_HEADER
from tests.conftest import ROOT, Run, read_csv

FORMS = ROOT / "inbox" / "forms"


def test_a_table_is_made_of_whatever_can_be_read() -> None:
    readings = package.read(FORMS)
    expected = to_dataframe(readings)
    for images in (FORMS, str(FORMS), [FORMS], iter([FORMS]), package.iread(FORMS)):
        pd.testing.assert_frame_equal(to_dataframe(images), expected)
    pd.testing.assert_frame_equal(to_dataframe(iter(readings)), expected)
    assert len(to_dataframe(FORMS.joinpath("digit1.png").read_bytes())) == 1
    assert len(to_dataframe(np.full((3, 28, 28), 255))) == 3
    with (FORMS / "digit1.png").open("rb") as file:
        assert to_dataframe(file)["digit"].tolist() == [7]
    small = to_dataframe(FORMS, max_megapixels=0.001)
    assert set(small["reason"]) == {"too_large"}
    nothing: list[package.Reading] = []
    for empty in (nothing, iter(nothing), tuple(nothing)):
        assert dict(to_dataframe(empty).dtypes) == dict(expected.dtypes)


def test_what_makes_no_table_is_refused() -> None:
    readings = package.read(FORMS)
    for wrong, options, words in (
        (readings, {"workers": 2}, "workers: readings have been read already"),
        ([readings[0], "digit1.png"], {}, r"readings\[1\] is of type str"),
        (["inbox", readings[0]], {}, r"images\[1\] is of type Reading"),
        (7, {}, "type int"),
    ):
        with pytest.raises(TypeError, match=words):
            to_dataframe(wrong, **options)  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def sample_outbox(tmp_path_factory: pytest.TempPathFactory, batchdigits: Run) -> Path:
    """Results of forms, a blank page and a broken file, of which people checked three."""
    folder = tmp_path_factory.mktemp("results")
    shutil.copytree(FORMS, folder / "inbox")
    shutil.copy(ROOT / "inbox" / "troubled" / "half.png", folder / "inbox")
    cv2.imwrite(str(folder / "inbox" / "blank.png"), np.full((90, 90), 250, np.uint8))
    inbox, outbox = folder / "inbox", folder / "outbox"
    done = batchdigits("run", inbox, outbox, "-q", "--quarantine=off", "--csv-dialect=excel-de")
    assert done.returncode == 3, done.stderr
    typed = folder / "typed.csv"
    words = ("file,corrected_digit", "blank.png,-", "digit1.png,4", "digit2.png,9")
    typed.write_text("\n".join(words), encoding="utf-8")
    assert batchdigits("correct", outbox, typed).returncode == 0
    return outbox


@pytest.mark.integration
def test_a_folder_of_results_is_loaded_with_its_types(sample_outbox: Path) -> None:
    def list_files() -> dict[Path, tuple[int, int, int]]:
        stats = {path: path.stat() for path in sample_outbox.rglob("*")}
        return {path: (stat.st_ino, stat.st_size, stat.st_ctime_ns) for path, stat in stats.items()}

    before = list_files()
    table = load(sample_outbox)
    assert list_files() == before
    assert tuple(table.columns) == TABLE_HEADER and len(table) == 18
    assert dict(table.dtypes.astype(str)) == {
        **dict.fromkeys(TABLE_HEADER, "string"),
        **dict.fromkeys(("digit", "final_digit", "corrected_digit", "second_digit"), "Int64"),
        **dict.fromkeys(("width", "height", "bytes"), "Int64"),
        **dict.fromkeys(("confidence", "second_confidence"), "float64"),
        **{"page": "int64", "status": "category", "read_at": "datetime64[us, UTC]"},
    }
    rows = table.set_index("file")
    checked = ["digit", "final_digit", "corrected_digit"]
    assert rows.loc["digit1.png", checked].tolist() == [7, 4, 4]
    assert rows.loc["digit2.png", checked].tolist() == [9, 9, 9]
    assert rows.loc["digit3.png", checked[:2]].tolist() == [2, 2]
    assert rows.loc["blank.png", ["digit", "final_digit"]].isna().all()
    assert rows.loc["blank.png", "corrected_digit"] == -1
    assert rows.loc["half.png", ["final_digit", "confidence", "model", "checked"]].isna().all()
    assert rows["checked"].dropna().index.tolist() == ["blank.png", "digit1.png", "digit2.png"]
    assert rows.loc["half.png", "status"] == "quarantined"
    age = pd.Timestamp.now("UTC") - table["read_at"]
    assert (age >= pd.Timedelta(0)).all() and (age < pd.Timedelta(hours=1)).all()


@pytest.mark.integration
def test_a_folder_of_results_says_what_its_reports_say(
    sample_outbox: Path, tmp_path: Path, batchdigits: Run
) -> None:
    copy = tmp_path / "outbox"
    shutil.copytree(sample_outbox, copy)
    assert batchdigits("report", copy, "--csv-dialect=standard").returncode == 0
    rows = read_csv(copy)
    table = load(copy)
    for name in ("file", "page", "status", "digit", "reason", "sha256", "corrected_digit"):
        cells = ["" if pd.isna(cell) else str(cell) for cell in table[name]]
        assert cells == [row[name] for row in rows], name
    confidences = [float(row["confidence"] or "nan") for row in rows]
    np.testing.assert_array_equal(table["confidence"], confidences)


@pytest.mark.integration
def test_the_example_gives_what_it_shows(
    sample_outbox: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, batchdigits: Run
) -> None:
    assert batchdigits("run", FORMS, tmp_path / "outbox", "-q").returncode == 0
    monkeypatch.chdir(tmp_path)
    runner, output = doctest.DocTestRunner(), list[str]()
    for example in doctest.DocTestFinder(recurse=False).find(load, "load"):
        runner.run(example, out=output.append)
    assert runner.summarize(verbose=False).attempted == 3
    assert output == [], "".join(output)


@pytest.mark.integration
def test_results_are_loaded_while_a_watcher_is_at_work(inbox: Path, outbox: Path) -> None:
    shutil.copy(FORMS / "digit1.png", inbox)
    command: list[str | Path] = [
        sys.executable,
        "-m",
        "batchdigits",
        "watch",
        inbox,
        outbox,
        "--settle=0.1",
    ]
    watcher = subprocess.Popen(command, stderr=subprocess.DEVNULL)
    try:
        for count in (1, 2):
            for _ in range(300):
                with suppress(FileNotFoundError):
                    table = load(outbox)
                    if len(table) == count:
                        break
                time.sleep(0.1)
            assert table["final_digit"].tolist() == [7, 9][:count]
            shutil.copy(FORMS / "digit2.png", inbox)
        assert watcher.poll() is None
    finally:
        watcher.terminate()
        watcher.wait()


@pytest.mark.integration
def test_what_holds_no_results_is_an_error(sample_outbox: Path, tmp_path: Path) -> None:
    for folder in (tmp_path / "none", tmp_path, FORMS):
        with pytest.raises(FileNotFoundError, match="no results"):
            load(os.fspath(folder))
    (tmp_path / "link").mkdir()
    (tmp_path / "link" / ".batchdigits").symlink_to(sample_outbox / ".batchdigits")
    with pytest.raises(OutboxError, match="link"):
        load(tmp_path / "link")
    copy = tmp_path / "outbox"
    shutil.copytree(sample_outbox, copy)
    journal = copy / ".batchdigits" / "journal.sqlite3"
    journal.write_bytes(b"no journal at all" * 1000)
    with pytest.raises(OutboxError, match="is damaged"):
        load(copy)
    journal.unlink()
    with pytest.raises(OutboxError, match="is not there"):
        load(copy)
