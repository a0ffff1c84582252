"""The mistakes: every one as a line, and the worst as pictures on one sheet."""

from collections.abc import Sequence
from pathlib import Path

from batchdigits.config import Limits, Thumbnails
from batchdigits.evaluation.predictions import LabelledPrediction
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.recognise import RecognitionContext, recognise_chunk
from batchdigits.records import Source
from batchdigits.system.filenames import order_key, to_raw_name

#: Most mistakes on the sheet.
MAX_TILES = 100


def rank_mistakes(predictions: Sequence[LabelledPrediction]) -> list[LabelledPrediction]:
    """Those not read right: the most confident first, blanks and unread files last."""
    wrong = [each for each in predictions if not each.is_right]
    return sorted(wrong, key=lambda each: (-(each.confidence or 0), order_key(each.file)))


def draw_thumbnails(
    predictions: Sequence[LabelledPrediction], inbox: Path, engine: Engine
) -> list[bytes]:
    """Draw each file as a run would, by reading it once more: PNGs, empty for unread files.

    Raises:
        ModelError: see :mod:`batchdigits.inference.engine`.
    """
    road = RecognitionContext(engine, Limits(), inbox, Thumbnails.SHEETS)
    read = [each for each in predictions if each.status in ("ok", "review")]
    sources = [Source(str(inbox / to_raw_name(each.file)), each.file) for each in read]
    drawn = {
        row.source.name: row.thumbnail_png
        for row in recognise_chunk(sources, road)
        if row.page == 1
    }
    return [drawn.get(each.file, b"") for each in predictions]
