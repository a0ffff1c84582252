"""``batchdigits evaluate``: labelled files in, figures, charts and the mistakes out."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from batchdigits import __version__
from batchdigits.config import Duplicates, EvaluationSettings, Quarantine, RunSettings, Thumbnails
from batchdigits.errors import DataError, ExitCode
from batchdigits.evaluation import charts, confusion_chart, mistake_sheet, mistakes, report
from batchdigits.evaluation.inputs import Labelled, check_outbox, labelled
from batchdigits.evaluation.metrics_summary import Figures, figures
from batchdigits.evaluation.predictions import Answer, Answers, read_answers
from batchdigits.inference.engine import Engine
from batchdigits.inference.registry import open_engine
from batchdigits.session.summary import Summary
from batchdigits.system.filenames import to_display_name


@dataclass(frozen=True, slots=True)
class Evaluated:
    """The figures, ``None`` where somebody stopped the run, and the exit code."""

    found: Figures | None
    exit_code: int


def evaluate(wanted: EvaluationSettings, read: Callable[[RunSettings], Summary]) -> Evaluated:
    """Read labelled files as any run does, and compare its table with the truth.

    Nothing in the folder of the data is changed, moved or added, and in the output folder only
    files of an earlier evaluation are replaced.

    Args:
        wanted: what to evaluate, with what, and where the figures go.
        read: carries out a run, as :func:`batchdigits.cli.commands.run.run` does.

    Raises:
        DataError: the data cannot be used.
        UsageError: output folder and labelled folder lie in each other, or the output folder is
            the one of a CSV or an ``.npz``.
        ModelError: no usable model.
        OutboxError: the output folder, or the temporary one, cannot be written, or files in it
            that no evaluation made are in the way.
    """
    check_outbox(wanted.data, wanted.outbox)
    with report.writing(wanted.outbox), tempfile.TemporaryDirectory(prefix="batchdigits-") as place:
        inbox = Path(place) / "inbox"
        inbox.mkdir()
        files = labelled(wanted.data, wanted.include, wanted.exclude, inbox)
        report.prepare(wanted.outbox)
        settings = _settings(wanted, files, Path(place) / "outbox")
        summary = read(settings)
        if summary.interrupted_by:
            return Evaluated(None, summary.exit_code)
        answers = read_answers(settings.outbox / "results.csv", files.digit_of)
        if not answers.files:
            raise DataError(f"{wanted.data}: every file has several pages, but only one label.")
        found = _report(wanted, files, answers, settings.models_folder)
    is_whole = not (found.unread or found.unusable or summary.closed_folders)
    return Evaluated(found, ExitCode.OK if is_whole else ExitCode.SOME_UNREAD)


def _settings(wanted: EvaluationSettings, files: Labelled, outbox: Path) -> RunSettings:
    return RunSettings(
        inbox=files.inbox,
        outbox=outbox,
        include=files.include,
        exclude=files.exclude,
        quarantine=Quarantine.OFF,
        model=wanted.model,
        thumbnails=Thumbnails.OFF,
        duplicates=Duplicates.READ,
        workers=wanted.workers,
        html=False,
    )


def _report(wanted: EvaluationSettings, files: Labelled, answers: Answers, models: Path) -> Figures:
    found, wrong = figures(answers), mistakes.worst_first(answers.files)
    engine = open_engine(wanted.model, models)
    pictures = {
        "confusion.png": confusion_chart.confusion_png(found),
        "calibration.png": charts.calibration_png(found),
        "coverage.png": charts.coverage_png(found),
    }
    if wrong:
        pictures[report.SHEET] = _sheet(wrong, files.inbox, engine)
    report.write(wanted.outbox, found, answers, wrong, pictures, _about(wanted, engine))
    return found


def _sheet(wrong: list[Answer], inbox: Path, engine: Engine) -> bytes:
    shown = wrong[: mistakes.TILES]
    which = "" if len(shown) == len(wrong) else f"; the first {len(shown)}"
    count = f"{len(wrong):,} mistakes" if len(wrong) > 1 else "1 mistake"
    title = f"{count}, the most confident first{which}: truth \N{RIGHTWARDS ARROW} reading"
    return mistake_sheet.sheet_png(shown, mistakes.thumbnails(shown, inbox, engine), title)


def _about(wanted: EvaluationSettings, engine: Engine) -> dict[str, object]:
    return {
        "data": {
            "name": to_display_name(wanted.data),
            "include": wanted.include,
            "exclude": wanted.exclude,
        },
        "model": {"name": engine.card.name, "sha256": engine.card.identity},
        "batchdigits": __version__,
    }
