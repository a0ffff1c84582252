"""What is fuzzed: readers of files from outside, which may raise the program's own errors only."""

import io
import random
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import xlsxwriter

from batchdigits.cli.app import COMMANDS_WITH_SETTINGS
from batchdigits.cli.settings_file import read_settings_file
from batchdigits.config import Limits
from batchdigits.corrections.spreadsheet import read_corrections
from batchdigits.errors import BatchdigitsError
from batchdigits.images.load import load_pages
from batchdigits.inference.inventory import accuracy_from_card, read_card_fields
from batchdigits.inference.model_card import read_card
from batchdigits.journal.store import JOURNAL_FILE, STATE_FOLDER
from batchdigits.reports.rerender import rerender_reports
from batchdigits.session.outbox import open_outbox
from tests.fuzz.mutations import Change, change_image, change_journal, change_workbook
from tests.support.image_samples import make_samples

_ROOT = Path(__file__).resolve().parent.parent.parent
#: Files that once broke something, in a folder for each target.
CRASHERS = _ROOT / "tests" / "data" / "crashers"
_TABLE = "file,page,sha256,digit,corrected_digit\nforms/digit1.png,1,{},7,1\n".format("ab" * 32)
_SETTINGS = """[run]
charts = true
max_megapixels = 9
include = ["*.png", "*.tif"]
[watch]
settle = 0.5
"""


class Target(NamedTuple):
    """One kind of file from outside.

    Attributes:
        read: reads such a file from a path, as the program does.
        make_seeds: makes whole files of the kind, from which others are made.
        change: changes one, see :mod:`tests.fuzz.mutations`.
    """

    read: Callable[[Path], None]
    make_seeds: Callable[[], list[bytes]]
    change: Callable[[bytes, Change, random.Random], bytes] = lambda data, change, _: change(data)


def _read_image(path: Path) -> None:
    for _ in load_pages(path.read_bytes(), path.name, Limits(max_megapixels=1)):
        pass


def _read_table(path: Path) -> None:
    for _ in read_corrections(path):
        pass


def _read_settings(path: Path) -> None:
    for command in ("run", "watch", "train"):
        with suppress(BatchdigitsError):
            read_settings_file(path, COMMANDS_WITH_SETTINGS, command)


def _read_card(path: Path) -> None:
    accuracy_from_card(read_card_fields(path))
    read_card(path)


def _read_journal(path: Path) -> None:
    with tempfile.TemporaryDirectory(dir=path.parent) as folder:
        outbox = Path(folder)
        (outbox / STATE_FOLDER).mkdir()
        shutil.copyfile(path, outbox / STATE_FOLDER / JOURNAL_FILE)
        with open_outbox(outbox) as journal:
            rerender_reports(journal, outbox)


def _make_workbooks() -> list[bytes]:
    stream = io.BytesIO()
    with xlsxwriter.Workbook(stream) as workbook:
        sheet = workbook.add_worksheet()
        for row, line in enumerate(_TABLE.splitlines()):
            sheet.write_row(row, 0, line.split(","))
    return [
        stream.getvalue(),
        *(
            (_ROOT / "tests" / "data" / name).read_bytes()
            for name in ("libreoffice.xlsx", "libreoffice.ods", "titled.xls")
        ),
    ]


def _make_journals() -> list[bytes]:
    with tempfile.TemporaryDirectory() as folder:
        command = ["run", str(_ROOT / "inbox" / "forms"), folder, "--quiet"]
        subprocess.run([sys.executable, "-m", "batchdigits", *command], cwd=folder, check=True)
        return [(Path(folder) / STATE_FOLDER / JOURNAL_FILE).read_bytes()]


TARGETS = {
    "images": Target(_read_image, lambda: list(make_samples().values()), change_image),
    "tables": Target(
        _read_table, lambda: [_TABLE.encode(form) for form in ("utf-8", "utf-8-sig", "utf-16")]
    ),
    "workbooks": Target(_read_table, _make_workbooks, change_workbook),
    "settings": Target(_read_settings, lambda: [_SETTINGS.encode()]),
    "cards": Target(_read_card, lambda: [(_ROOT / "models" / "digits.json").read_bytes()]),
    "journals": Target(_read_journal, _make_journals, change_journal),
}


def try_file(target: Target, path: Path) -> None:
    """Read a file; whatever the program does not turn into a sentence is raised."""
    with suppress(BatchdigitsError):
        target.read(path)
