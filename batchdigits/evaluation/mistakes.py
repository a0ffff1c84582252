"""The files that were not read right: ranked, and read once more to be looked at."""

from collections.abc import Sequence
from pathlib import Path

from batchdigits.config import Limits, ReaderLimits, Thumbnails
from batchdigits.evaluation.predictions import LabelledPrediction
from batchdigits.execution.isolated_reader import fork_reader
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.recognise import RecognitionContext
from batchdigits.reasons import Status
from batchdigits.records import PageRecord
from batchdigits.session.inbox import Inbox
from batchdigits.system.filenames import make_order_key

#: Most mistakes on the sheet.
MAX_TILES = 100


def rank_mistakes(predictions: Sequence[LabelledPrediction]) -> list[LabelledPrediction]:
    """Sort what was not read right: the most confident first, blanks and unread files last."""
    mistakes = [prediction for prediction in predictions if not prediction.is_right]
    return sorted(
        mistakes, key=lambda mistake: (-(mistake.confidence or 0), make_order_key(mistake.file))
    )


def read_again(
    predictions: Sequence[LabelledPrediction], inbox: Path, engine: Engine, limits: ReaderLimits
) -> list[PageRecord | None]:
    """Read files once more, as a run would, for their thumbnails and what the model saw.

    Args:
        predictions: which files.
        inbox: the folder that they lie in.
        engine: the model.
        limits: what the worker may take that reads them.

    Returns:
        A record with its thumbnail for each prediction; ``None`` where the file could not be read.

    Raises:
        ModelError: see :mod:`batchdigits.inference.engine`.
    """
    context = RecognitionContext(engine, Limits(), inbox, Thumbnails.SHEETS)
    names = [item.file for item in predictions if item.status in (Status.OK, Status.REVIEW)]
    sources = list(map(Inbox(inbox).make_source, names))
    with fork_reader(context, limits) as read_sources:
        records = {
            record.source.name: record for record in read_sources(sources) if record.page == 1
        }
    return [records.get(prediction.file) for prediction in predictions]
