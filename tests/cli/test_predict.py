"""``batchdigits predict`` as its user meets it: lines, JSON, pictures and exit codes."""

import json
import os
import pty
import shutil
import signal
import subprocess
import sys
from pathlib import Path
from typing import Any

import cv2
import matplotlib
import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from batchdigits.arrays import GrayImage
from batchdigits.cli.commands.predict import figure, figure_row
from batchdigits.cli.commands.predict.command import predict
from batchdigits.cli.commands.predict.page_preview import load_previews
from batchdigits.cli.commands.predict.text import count_cells
from batchdigits.cli.ui import chart_files
from batchdigits.config import Limits, Model, PredictSettings, ReaderLimits
from batchdigits.drawing.chart_text import fit_to_inches, wrap_to_inches
from batchdigits.errors import OutboxError, UsageError
from batchdigits.images.load import load_pages
from batchdigits.inference.cached_engine import load_cached_engine
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.pipeline.result import reading_from_record
from batchdigits.pipeline.sources import sources_from_path
from batchdigits.system.logs import LOG
from tests.conftest import ROOT, UNPRIVILEGED, Run, read_csv, write_png
from tests.test_house import loaded_by

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]
COMMAND = [sys.executable, "-m", "batchdigits", "predict"]


@pytest.fixture
def scans(tmp_path: Path) -> Path:
    """The sample inbox, to do with as one likes."""
    return shutil.copytree(ROOT / "inbox", tmp_path / "scans")


def piped(data: bytes, *arguments: str, **options: Any) -> subprocess.CompletedProcess[bytes]:
    command = [*COMMAND, "-", *arguments]
    return subprocess.run(command, input=data, capture_output=True, check=False, **options)


def snapshot(folder: Path) -> dict[str, tuple[int, int]]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {str(path): (path.stat().st_mtime_ns, path.stat().st_size) for path in paths}


def test_every_page_gets_a_line(batchdigits: Run, scans: Path) -> None:
    names = ["forms/digit1.png", "scanner/two pages.tif", "scanner/blank.jpg", "names/数字.png"]
    done = batchdigits("predict", *names, cwd=scans)
    assert (done.returncode, done.stderr) == (0, "")
    lines = done.stdout.splitlines()
    assert lines[0] == "forms/digit1.png                7  99.7 %   or 8   0.0 %"
    assert lines[1].startswith("scanner/two pages.tif, page 1   4  99.")
    assert lines[2].startswith("scanner/two pages.tif, page 2   7  99.")
    assert "\N{EN DASH}" in lines[3] and lines[3].endswith("No ink was found on this page.")
    assert lines[4].startswith(f"names/数字.png{' ' * 18}6  ")
    assert count_cells("数字.png") == 8 and count_cells("e\N{COMBINING ACUTE ACCENT}") == 1


def test_a_folder_is_read_as_people_count_and_left_as_it_is(batchdigits: Run, scans: Path) -> None:
    before = snapshot(scans)
    done = batchdigits("predict", "forms/", "troubled", cwd=scans)
    assert done.returncode == 3
    names = [line.split("   ")[0] for line in done.stdout.splitlines()]
    assert names[:16] == [f"forms/digit{number}.png" for number in range(1, 17)]
    assert names[16:] == [
        f"troubled/{name}.png" for name in ("letter", "mark", "scribble", "two digits")
    ]
    problems = done.stderr.splitlines()
    assert len(problems) == 4 and "troubled/empty.png: The file holds no bytes." in problems
    assert snapshot(scans) == before and os.listdir(scans.parent) == ["scans"]


def test_json_is_that_of_a_run(batchdigits: Run, scans: Path, outbox: Path) -> None:
    assert batchdigits("run", scans / "troubled", outbox, "--quarantine", "off").returncode == 3
    rows = json.loads((outbox / "results.json").read_text(encoding="utf-8"))["rows"]
    done = batchdigits("predict", ".", "--json", cwd=scans / "troubled")
    printed = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 3 and len(printed) == len(rows) == len(read_csv(outbox))
    for row, line in zip(rows, printed, strict=True):
        same = set(line) - {"file", "detail"}
        assert {name: line[name] for name in same} == {name: row[name] for name in same}
        assert line["file"] == f"./{row['file']}" and len(line["scores"]) in (0, 10)
        assert line["detail"] == row["detail"] or row["detail"] is None


def test_standard_input_is_read(batchdigits: Run, scans: Path) -> None:
    digit = (scans / "forms" / "digit1.png").read_bytes()
    done = piped(digit, "names/NA", cwd=scans)
    lines = done.stdout.decode().splitlines()
    assert (done.returncode, done.stderr) == (0, b"")
    assert lines[0].startswith("standard input   7  99.7 %") and lines[1].startswith("names/NA")
    empty = piped(b"")
    assert (empty.returncode, empty.stdout) == (5, b"")
    assert empty.stderr == b"standard input: Nothing was piped in.\n"
    main, terminal = pty.openpty()
    waiting = subprocess.run(
        [*COMMAND, "-"], stdin=terminal, capture_output=True, text=True, check=False, timeout=60
    )
    os.close(main)
    os.close(terminal)
    assert waiting.returncode == 2 and "nothing is" in waiting.stderr


@pytest.mark.long
def test_what_people_get_wrong_costs_one_line(batchdigits: Run, scans: Path) -> None:
    (scans / "empty").mkdir()
    (scans / "links").mkdir()
    (scans / "links" / "link.png").symlink_to("../forms/digit2.png")
    (scans / "a.pdf").write_bytes(b"%PDF-1.7\n" + b"x" * 99)
    for arguments, code, word in (
        (["new\nline.png"], 5, r"new\nline.png: No such file"),
        (["empty"], 5, "empty: There is nothing to read in this folder."),
        (["notes.txt"], 5, "no image of a known kind"),
        (["a.pdf"], 5, "PDF files are not read"),
        ([], 2, "Missing argument 'FILES...'. See"),
        (["forms", "--save", "x.bmp"], 2, "not named like a picture"),
        (["forms", "--save", "forms/digit1.png"], 2, "is one of the images to read"),
        (["forms/digit1.png", "--save", "forms/digit2.png"], 2, "already exists"),
        (["forms/digit1.png", "--save", "links/link.png"], 2, "already exists"),
        (["forms", "--save", "notes.txt/x.png"], 6, "cannot be written"),
        (["forms", "--show"], 2, "--save PICTURE.png"),
        (["forms", "--model", "no.tflite"], 4, "There is no model no.tflite"),
    ):
        clean = {name: value for name, value in os.environ.items() if "DISPLAY" not in name}
        done = batchdigits("predict", *arguments, cwd=scans, env=clean)
        assert (done.returncode, done.stdout) == (code, ""), (arguments, done.stderr)
        assert word in done.stderr and len(done.stderr.splitlines()) == 1, done.stderr


def test_settings_come_from_the_file_too(batchdigits: Run, scans: Path) -> None:
    (scans / "batchdigits.toml").write_text("[predict]\njson = true\nmax-pages = 1\n")
    done = batchdigits("predict", "scanner/two pages.tif", cwd=scans)
    assert [json.loads(line)["page"] for line in done.stdout.splitlines()] == [1, 2]
    assert done.returncode == 3 and "--max-pages" in done.stderr


def test_a_terminal_without_letters_gets_escapes(scans: Path) -> None:
    done = subprocess.run(
        [*COMMAND, "names/数字.png"], cwd=scans, capture_output=True, text=True,
        env=os.environ | {"PYTHONIOENCODING": "ascii"}, check=False,
    )  # fmt: skip
    assert done.returncode == 0 and r"names/\u6570\u5b57.png" in done.stdout


def test_the_picture_has_a_row_for_each_page(batchdigits: Run, scans: Path) -> None:
    names = ["forms/digit1.png", *(f"absent {number}.png" for number in range(20))]
    done = batchdigits("predict", *names, "--save", "new/few.png", cwd=scans)
    assert done.returncode == 3
    assert done.stderr.endswith("The picture shows the first 20 pages and leaves out 1.\n")
    assert len(done.stderr.splitlines()) == 21
    drawn = cv2.imread(str(scans / "new" / "few.png"))
    assert drawn is not None and os.listdir(scans / "new") == ["few.png"]
    assert drawn.shape[0] / drawn.shape[1] == pytest.approx(
        (20 * figure_row.HEIGHT + 0.54) / 8.6, 0.01
    )


def pages(path: Path) -> list[Any]:
    sources = sources_from_path(str(path))
    records = recognise_chunk(sources, RecognitionContext(load_cached_engine(Model())))
    rows = [(record.source, reading_from_record(record)) for record in records]
    previews = load_previews(rows, Limits(), ReaderLimits())
    return [(reading, preview) for (_, reading), preview in zip(rows, previews, strict=True)]


def test_no_text_lies_on_another(scans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = scans / "long"
    folder.mkdir()
    shutil.copy(scans / "forms" / "digit2.png", folder / f"{'wide WWW ' * 20}$x_1$.png")
    shutil.copy(scans / "troubled" / "two digits.png", folder / f"{'数字' * 30}.png")
    shutil.copy(scans / "troubled" / "half.png", folder / f"{'half ' * 40}.png")
    write_png(folder / "blank.png", np.full((9000, 900), 255, np.uint8))
    figures: list[Figure] = []
    monkeypatch.setattr(Figure, "savefig", lambda figure, *_, **__: figures.append(figure))
    figure.save(scans / "long.png", pages(folder))
    (drawn,) = figures
    canvas: Any = FigureCanvasAgg(drawn)
    found = [text.get_window_extent(canvas.get_renderer()).padded(-2) for text in drawn.texts]
    assert len(found) > 12
    for number, one in enumerate(found):
        assert one.x0 >= 0 and one.x1 <= drawn.bbox.width
        assert not any(one.overlaps(other) for other in found[number + 1 :])


def test_names_are_cut_in_their_middle() -> None:
    assert fit_to_inches("short.png", 3, 11) == "short.png"
    cut = fit_to_inches(f"{'a' * 200}123.png", 2, 11, bold=True)
    assert cut.startswith("aaa") and cut.endswith("a123.png") and "\N{HORIZONTAL ELLIPSIS}" in cut
    assert fit_to_inches("x" * 99, 0.01, 11) == "\N{HORIZONTAL ELLIPSIS}"
    assert " ".join(wrap_to_inches("a few words " * 9, 1, 10)) == ("a few words " * 9).strip()


def test_a_picture_that_cannot_be_written_is_told_before(tmp_path: Path) -> None:
    (tmp_path / "folder.png").mkdir()
    with pytest.raises(OutboxError, match="is a folder"):
        chart_files.check_picture_file(tmp_path / "folder.png")
    with pytest.raises(UsageError, match=r"\.pdf"):
        chart_files.check_picture_file(tmp_path / "picture.txt")
    chart_files.check_picture_file(tmp_path / "new" / "picture.PDF")
    assert os.listdir(tmp_path / "new") == []
    (tmp_path / "closed").mkdir(mode=0o500)
    done = subprocess.run(
        [*UNPRIVILEGED, *COMMAND, "absent", "--save", tmp_path / "closed" / "a.png"],
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (6, "") and "Permission denied" in done.stderr


def test_every_window_shows_a_few_pages(scans: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    matplotlib.use("agg")
    from matplotlib import pyplot

    opened: list[str] = []
    monkeypatch.setattr(pyplot, "show", lambda block: opened.extend(pyplot.get_figlabels()))
    figure.show(pages(scans / "forms")[:4])
    assert opened == ["Pages 1-3 of 4", "Pages 4-4 of 4"] and pyplot.get_fignums() == []
    with pytest.raises(UsageError, match="No window"):
        chart_files.check_window()


def test_predicting_loads_no_more_than_it_needs() -> None:
    loaded = loaded_by("predict", str(ROOT / "inbox" / "forms" / "digit1.png"))
    late = {"tensorflow", "pandas", "matplotlib", "rich", "tifffile", "PIL"}
    assert {"cv2", "ai_edge_litert"} <= loaded and loaded & late == set()


def test_files_that_crashed_a_decoder_get_a_row_each(batchdigits: Run) -> None:
    folder = ROOT / "tests" / "data" / "crashers" / "images"
    digit = ROOT / "inbox" / "forms" / "digit1.png"
    done = batchdigits("predict", folder, digit, "--json")
    assert done.returncode in (0, 3), done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert [row["file"] for row in rows] == [
        *map(str, sorted(folder.iterdir())),
        str(digit),
    ]
    assert all(row["reason"] or row["digit"] is not None for row in rows[:-1])
    assert rows[-1]["digit"] == 7


def test_a_crash_costs_one_line(
    scans: Path,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def crash(data: bytes, name: str, *arguments: Any) -> Any:
        if name.endswith("digit2.png") or (name.endswith("digit3.png") and len(arguments) == 1):
            os.kill(os.getpid(), signal.SIGKILL)
        return load_pages(data, name, *arguments)

    # A fake, as decoders that crash get mended; the third one does as it is decoded for a picture.
    monkeypatch.setattr("batchdigits.pipeline.measured_pages.load_pages", crash)
    monkeypatch.setattr("batchdigits.cli.commands.predict.page_preview.load_pages", crash)
    monkeypatch.setattr(LOG, "propagate", True)
    names = [str(scans / "forms" / f"digit{number}.png") for number in (1, 2, 3, 4)]
    picture = tmp_path / "picture.png"
    settings = PredictSettings((*names, str(scans / "names")), save=picture, as_json=True)
    assert predict(settings) == 3
    rows = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [row["file"] for row in rows[:4]] == names and len(rows) > 5
    assert [row["reason"] for row in rows[:4]] == [None, "crashed_reader", None, None]
    assert caplog.messages[:1] == [f"{names[1]}: The reader ended with SIGKILL."]
    assert cv2.imread(str(picture)) is not None
    assert predict(PredictSettings((names[1],))) == 5
