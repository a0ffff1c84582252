"""``batchdigits evaluate``: labelled files in, figures, charts and the mistakes out."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from batchdigits import __version__
from batchdigits.config import Duplicates, EvaluationSettings, Quarantine, RunSettings, Thumbnails
from batchdigits.errors import DataError, ExitCode
from batchdigits.evaluation import charts, confusion_chart, mistake_sheet, mistakes, report
from batchdigits.evaluation.inputs import LabelledInbox, check_outbox, prepare_labelled_inbox
from batchdigits.evaluation.metrics_summary import EvaluationMetrics, compute_metrics
from batchdigits.evaluation.predictions import LabelledPrediction, PredictionSet, load_predictions
from batchdigits.inference.engine import Engine
from batchdigits.inference.registry import open_engine
from batchdigits.session.summary import Summary
from batchdigits.system.filenames import to_display_name


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """The figures, ``None`` where somebody stopped the run, and the exit code."""

    metrics: EvaluationMetrics | None
    exit_code: int


def evaluate(
    settings: EvaluationSettings, run: Callable[[RunSettings], Summary]
) -> EvaluationResult:
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
    check_outbox(settings.data, settings.outbox)
    with (
        report.translate_errors(settings.outbox),
        tempfile.TemporaryDirectory(prefix="batchdigits-") as place,
    ):
        inbox = Path(place) / "inbox"
        inbox.mkdir()
        files = prepare_labelled_inbox(settings.data, settings.include, settings.exclude, inbox)
        report.prepare_outbox(settings.outbox)
        run_settings = _make_run_settings(settings, files, Path(place) / "outbox")
        summary = run(run_settings)
        if summary.interrupted_by:
            return EvaluationResult(None, summary.exit_code)
        answers = load_predictions(run_settings.outbox / "results.csv", files.digit_of)
        if not answers.files:
            raise DataError(f"{settings.data}: every file has several pages, but only one label.")
        found = _write_report(settings, files, answers, run_settings.models_folder)
    is_whole = not (found.unread or found.multi_page_files or summary.closed_folders)
    return EvaluationResult(found, ExitCode.OK if is_whole else ExitCode.SOME_UNREAD)


def _make_run_settings(
    settings: EvaluationSettings, labelled_inbox: LabelledInbox, outbox: Path
) -> RunSettings:
    return RunSettings(
        inbox=labelled_inbox.inbox,
        outbox=outbox,
        include=labelled_inbox.include,
        exclude=labelled_inbox.exclude,
        quarantine=Quarantine.OFF,
        model=settings.model,
        thumbnails=Thumbnails.OFF,
        duplicates=Duplicates.READ,
        workers=settings.workers,
        html=False,
    )


def _write_report(
    settings: EvaluationSettings,
    labelled_inbox: LabelledInbox,
    predictions: PredictionSet,
    models_folder: Path,
) -> EvaluationMetrics:
    found, wrong = compute_metrics(predictions), mistakes.rank_mistakes(predictions.files)
    engine = open_engine(settings.model, models_folder)
    pictures = {
        "confusion.png": confusion_chart.draw_confusion_png(found),
        "calibration.png": charts.draw_calibration_png(found),
        "coverage.png": charts.draw_coverage_png(found),
    }
    if wrong:
        pictures[report.MISTAKE_SHEET_FILE] = _draw_mistake_sheet(
            wrong, labelled_inbox.inbox, engine
        )
    report.write_report(
        settings.outbox, found, predictions, wrong, pictures, _describe_evaluation(settings, engine)
    )
    return found


def _draw_mistake_sheet(
    predictions: list[LabelledPrediction], inbox: Path, engine: Engine
) -> bytes:
    shown = predictions[: mistakes.MAX_TILES]
    which = "" if len(shown) == len(predictions) else f"; the first {len(shown)}"
    count = f"{len(predictions):,} mistakes" if len(predictions) > 1 else "1 mistake"
    title = f"{count}, the most confident first{which}: truth \N{RIGHTWARDS ARROW} reading"
    return mistake_sheet.draw_mistake_sheet(
        shown, mistakes.draw_thumbnails(shown, inbox, engine), title
    )


def _describe_evaluation(settings: EvaluationSettings, engine: Engine) -> dict[str, object]:
    return {
        "data": {
            "name": to_display_name(settings.data),
            "include": settings.include,
            "exclude": settings.exclude,
        },
        "model": {"name": engine.card.name, "sha256": engine.card.identity},
        "batchdigits": __version__,
    }
