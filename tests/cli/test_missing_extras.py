"""Without the library of an extra, a command says how to install it before it does anything."""

from pathlib import Path

import pytest

from batchdigits.arrays import GrayImage
from tests.conftest import Run, write_png
from tests.support.hidden_packages import hide_packages

pytestmark = pytest.mark.integration

Digits = list[tuple[GrayImage, str]]


@pytest.mark.parametrize(
    ("package", "extra", "arguments"),
    [
        ("matplotlib", "charts", ["evaluate", "scans", "new"]),
        ("matplotlib", "charts", ["explore", "scans", "--save", "new/look.png"]),
        ("matplotlib", "charts", ["explore", "scans", "--show"]),
        ("matplotlib", "charts", ["predict", "scans", "--save", "new/look.png"]),
        ("matplotlib", "charts", ["predict", "scans", "--show"]),
        ("tensorflow", "train", ["evaluate", "mnist", "new"]),
        ("tensorflow", "train", ["explore", "mnist", "--save", "new/look.png"]),
    ],
)
def test_a_command_names_the_extra_that_it_lacks(
    batchdigits: Run,
    tmp_path: Path,
    digits: Digits,
    package: str,
    extra: str,
    arguments: list[str],
) -> None:
    folder = tmp_path / "work"
    write_png(folder / "scans" / digits[0][1] / "1.png", digits[0][0])
    before = sorted(folder.rglob("*"))
    environment = hide_packages(tmp_path / "hidden", package)
    done = batchdigits(*arguments, cwd=folder, env=environment)
    assert (done.returncode, done.stdout) == (9, ""), done.stderr
    assert done.stderr.endswith(f"pip install 'batchdigits[{extra}]'.\n")
    assert len(done.stderr.splitlines()) == 1
    assert sorted(folder.rglob("*")) == before


def test_pictures_alone_need_the_extra(batchdigits: Run, tmp_path: Path, digits: Digits) -> None:
    write_png(tmp_path / "scan.png", digits[0][0])
    environment = hide_packages(tmp_path / "hidden", "matplotlib", "tensorflow", "keras", "pandas")
    done = batchdigits("predict", "scan.png", cwd=tmp_path, env=environment)
    assert (done.returncode, done.stderr) == (0, "") and done.stdout.startswith("scan.png")


def test_reports_are_written_again_without_charts(
    batchdigits: Run, inbox: Path, outbox: Path, tmp_path: Path, digits: Digits
) -> None:
    write_png(inbox / "scan.png", digits[0][0])
    assert batchdigits("run", inbox, outbox).returncode == 0
    environment = hide_packages(tmp_path / "hidden", "matplotlib")
    done = batchdigits("report", outbox, env=environment)
    assert "summary.png is left out" in done.stderr
    assert done.returncode == 0, done.stderr
    assert not (outbox / "summary.png").exists()
    done = batchdigits("report", outbox, "--charts", env=environment)
    assert done.returncode == 9 and "batchdigits[charts]" in done.stderr
    assert batchdigits("report", outbox).returncode == 0
    assert (outbox / "summary.png").exists()
