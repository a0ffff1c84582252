"""Options that several commands have, each described once."""

from pathlib import Path
from typing import Annotated, Any

import typer
import typer.core

from batchdigits import config
from batchdigits.config import (
    CsvDialect,
    Duplicates,
    Ink,
    InputRange,
    Quarantine,
    Thumbnails,
    XlsxImages,
)


def _folder(text: str | Path) -> Path:
    """A folder named on purpose: ``""``, as from an unset variable, must not mean this one."""
    if not str(text):
        raise typer.BadParameter("the name is empty")
    return Path(text)


class SeveralNumbers(typer.core.TyperCommand):
    """A command that takes ``--hidden 128 128`` for ``--hidden 128 --hidden 128``."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Say the option again before each further number."""
        spread: list[str] = []
        for place, word in enumerate(args):
            follows = word.isdecimal() and place > 1 and args[place - 1].isdecimal()
            if follows and "--hidden" in spread and spread[-2] == "--hidden":
                spread.append("--hidden")
            spread.append(word)
        return super().parse_args(ctx, spread)


Inbox = Annotated[Path, typer.Argument(help="Folder with the scans.", parser=_folder)]
Outbox = Annotated[Path, typer.Argument(help="Folder for the results.", parser=_folder)]
Include = Annotated[
    list[str] | None, typer.Option(help="Read only files that match, e.g. '*.png'.")
]
Exclude = Annotated[
    list[str] | None, typer.Option(help="Leave out files that match, e.g. 'old/*'.")
]
MaxMegapixels = Annotated[
    float, typer.Option(min=0.0001, help="Largest image, in millions of pixels.")
]
MaxPages = Annotated[int, typer.Option(min=1, help="Most pages read of one file.")]
QuarantineMode = Annotated[Quarantine, typer.Option(help="What becomes of unreadable files.")]
Model = Annotated[
    str | None,
    typer.Option(
        help="A model: its name, or a file or folder made elsewhere.", show_default="digits"
    ),
]
InputRangeOf = Annotated[
    InputRange | None,
    typer.Option("--input-range", help="Levels that the model wants.", show_default="found out"),
]
InkOf = Annotated[
    Ink | None,
    typer.Option("--ink", help="Ink in the images it wants.", show_default="found out"),
]
TrustModel = Annotated[
    bool, typer.Option("--trust-model", help="Run code that the model's file may hold.")
]
ThumbnailsMode = Annotated[
    Thumbnails,
    typer.Option(help="Pictures: of each page, contact sheets only, those in review, none."),
]
DuplicatesMode = Annotated[
    Duplicates,
    typer.Option(help="Byte-identical files: name the first, give them no row, or no matter."),
]
Rebind = Annotated[bool, typer.Option("--rebind", help="The inbox of this outbox moved to INBOX.")]
Workers = Annotated[
    int | None, typer.Option(min=1, help="Processes that read.", show_default="the cores")
]
FileTimeout = Annotated[float, typer.Option(min=0.1, help="Seconds one file may take.")]
WorkerMemory = Annotated[int, typer.Option(min=64, help="MiB of memory for each worker.")]
Html = Annotated[bool, typer.Option("--html/--no-html", help="Draw report.html.")]
Xlsx = Annotated[bool, typer.Option("--xlsx", help="Write results.xlsx, too.")]
XlsxImagesMode = Annotated[
    XlsxImages, typer.Option(help="Rows of results.xlsx that hold their picture.")
]
CsvDialectMode = Annotated[
    CsvDialect, typer.Option("--csv-dialect", help="Decimal comma and semicolons: excel-de.")
]
Parquet = Annotated[bool, typer.Option("--parquet", help="Write results.parquet, too.")]
Charts = Annotated[bool, typer.Option("--charts", help="Draw summary.png, too.")]
Quiet = Annotated[bool, typer.Option("--quiet", "-q", help="Say only what is wrong.")]
Verbose = Annotated[
    bool, typer.Option("--verbose", "-v", help="Say a line about every unread file.")
]
LogJson = Annotated[
    bool, typer.Option("--log-json", help="Log JSON lines instead of bar and table.")
]


def model(given: dict[str, Any]) -> config.Model:
    """Which model a command was told to read with."""
    name = given["model"] or ""
    return config.Model(name, given["input_range"], given["ink"], given["trust_model"])


def patterns(wanted: list[str] | None) -> tuple[str, ...]:
    """Patterns as names of files are shown."""
    from batchdigits.system.filenames import display_name

    return tuple(map(display_name, wanted or ()))
