"""The evaluation from beginning to end: labelled files in, metrics, charts and mistakes out."""

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from batchdigits import __version__
from batchdigits.config import (
    Duplicates,
    EvaluationSettings,
    Quarantine,
    ReaderLimits,
    RunSettings,
    Thumbnails,
)
from batchdigits.datasets.mnist import require_mnist
from batchdigits.datasets.readers import MNIST
from batchdigits.errors import DataError, ExitCode
from batchdigits.evaluation import charts, confusion_chart, mistake_sheet, mistakes, report
from batchdigits.evaluation.data_hints import list_data_hints
from batchdigits.evaluation.inputs import LabelledInbox, check_outbox, prepare_labelled_inbox
from batchdigits.evaluation.metrics_summary import EvaluationMetrics, compute_metrics
from batchdigits.evaluation.predictions import LabelledPrediction, PredictionSet, load_predictions
from batchdigits.inference.engine import Engine
from batchdigits.inference.registry import open_engine
from batchdigits.records import PageRecord
from batchdigits.session.outbox_access import add_journal_to_umask
from batchdigits.session.summary import Summary
from batchdigits.system.access.modes import find_shut_out_classes
from batchdigits.system.access.umask import add_to_umask, keep_umask
from batchdigits.system.extras import require_extra
from batchdigits.system.filenames import to_display_name
from batchdigits.system.logs import LOG


@dataclass(frozen=True, slots=True)
class EvaluationResult:
    """What an evaluation came to.

    Attributes:
        metrics: all figures; ``None`` where somebody stopped the run.
        exit_code: see :class:`batchdigits.errors.ExitCode`.
    """

    metrics: EvaluationMetrics | None
    exit_code: int


def evaluate(
    settings: EvaluationSettings, run: Callable[[RunSettings], Summary]
) -> EvaluationResult:
    """Read labelled files as any run does, and compare its table with the truth.

    Nothing in the folder of the data is changed, moved or added, and in the output folder only
    files of an earlier evaluation are replaced.

    Args:
        settings: what to evaluate, with what, and where the figures go.
        run: carries out a run, as :func:`batchdigits.cli.commands.run.run` does.

    Raises:
        MissingExtraError: Matplotlib is not installed, or TensorFlow where MNIST is to be fetched.
        DataError: the data cannot be used.
        UsageError: output folder and labelled folder lie in each other, or the output folder is
            the one of a CSV or an ``.npz``.
        ModelError: no usable model.
        OutboxError: the output folder, or the temporary one, cannot be written, or files in it
            that no evaluation made are in the way.
    """
    require_extra("matplotlib", "charts", "Drawing the charts of an evaluation")
    if settings.data == MNIST:
        require_mnist()
    check_outbox(settings.data, settings.outbox)
    with (
        report.translate_errors(settings.outbox),
        tempfile.TemporaryDirectory(prefix="batchdigits-") as temporary_folder,
        keep_umask(),
    ):
        add_to_umask(find_shut_out_classes([Path(settings.data)], settings.outbox))
        inbox = Path(temporary_folder) / "inbox"
        inbox.mkdir()
        labelled = prepare_labelled_inbox(settings.data, settings.include, settings.exclude, inbox)
        report.prepare_outbox(settings.outbox)
        run_settings = _make_run_settings(settings, labelled, Path(temporary_folder) / "outbox")
        summary = run(run_settings)
        if labelled.inbox != inbox:  # else the temporary folder is what is closed
            add_journal_to_umask(run_settings.outbox)
        if summary.interrupted_by:
            return EvaluationResult(None, summary.exit_code)
        predictions = load_predictions(run_settings.outbox / "results.csv", labelled.digit_of)
        if not (predictions.files or predictions.without_digit):
            raise DataError(f"{settings.data}: every file has several pages, but only one label.")
        metrics = _write_report(settings, labelled, predictions, run_settings.models_folder)
    is_complete = not (metrics.unread or metrics.multi_page_files or summary.closed_folders)
    return EvaluationResult(metrics, ExitCode.OK if is_complete else ExitCode.SOME_UNREAD)


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
        sandbox=settings.sandbox,
        html=False,
    )


def _write_report(
    settings: EvaluationSettings,
    labelled_inbox: LabelledInbox,
    predictions: PredictionSet,
    models_folder: Path,
) -> EvaluationMetrics:
    metrics = compute_metrics(predictions)
    wrong = mistakes.rank_mistakes([*predictions.files, *predictions.without_digit])
    engine = open_engine(settings.model, models_folder)
    pictures = {
        "confusion.png": confusion_chart.draw_confusion_png(metrics),
        "calibration.png": charts.draw_calibration_png(metrics),
        "coverage.png": charts.draw_coverage_png(metrics),
    }
    if wrong:
        shown = wrong[: mistakes.MAX_TILES]
        limits = ReaderLimits(sandbox=settings.sandbox)
        records = mistakes.read_again(shown, labelled_inbox.inbox, engine, limits)
        pictures[report.MISTAKE_SHEET_FILE] = _draw_mistake_sheet(shown, records, len(wrong))
        for hint in list_data_hints(metrics, shown, records, engine):
            LOG.warning("%s", hint)
    description = _describe_evaluation(settings, engine)
    report.write_report(settings.outbox, metrics, predictions, wrong, pictures, description)
    return metrics


def _draw_mistake_sheet(
    shown: list[LabelledPrediction], records: list[PageRecord | None], total: int
) -> bytes:
    omission = "" if len(shown) == total else f"; the first {len(shown)}"
    count = f"{total:,} mistakes" if total > 1 else "1 mistake"
    title = f"{count}, the most confident first{omission}: truth \N{RIGHTWARDS ARROW} reading"
    thumbnails = [record.thumbnail_png if record else b"" for record in records]
    return mistake_sheet.draw_mistake_sheet(shown, thumbnails, title)


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
