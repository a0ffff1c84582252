"""The pipeline itself: a chunk of files in, one record a page out. Every mode calls this."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from batchdigits.config import Limits, Thumbnails
from batchdigits.drawing.thumbnail import draw_thumbnail
from batchdigits.inference.engine import Engine
from batchdigits.pipeline.decide import decide
from batchdigits.pipeline.measured_pages import MeasuredPage, measure_sources
from batchdigits.pipeline.second_reading import choose_reading, list_readings
from batchdigits.pipeline.thumbnail_files import make_source_thumbnail_name, save_thumbnail
from batchdigits.reasons import Status
from batchdigits.records import PageRecord, Prediction, Source
from batchdigits.system.access.modes import find_group
from batchdigits.system.clock import utc_now
from batchdigits.system.name_rules import LINUX_NAMES, NameRules


@dataclass(frozen=True, slots=True)
class RecognitionContext:
    """What a worker needs besides the files: a model, limits, and which thumbnails go where.

    Attributes:
        engine: the model.
        limits: pixels and pages beyond which nothing is decoded.
        outbox: the real path of the folder that thumbnails belong to; ``None`` where none are
            wanted.
        thumbnails: which pages get one, and whether as a file or for contact sheets alone.
        writes_thumbnails: whether thumbnails that are files are written here; where they are not,
            they come back with the records, for whoever may write to the outbox.
        name_rules: what names the outbox takes.
    """

    engine: Engine
    limits: Limits = field(default_factory=Limits)
    outbox: Path | None = None
    thumbnails: Thumbnails = Thumbnails.EACH
    writes_thumbnails: bool = True
    name_rules: NameRules = LINUX_NAMES

    @property
    def has_thumbnails(self) -> bool:
        """Whether any thumbnail may be drawn."""
        return self.outbox is not None and self.thumbnails is not Thumbnails.OFF


def recognise_chunk(sources: Sequence[Source], context: RecognitionContext) -> list[PageRecord]:
    """Read files: load, normalise, predict, decide, draw.

    A file that cannot be read becomes a record like every other and never shifts a neighbour's.
    Thumbnails are written under ``context.outbox`` (none where it is ``None``), or come with the
    records: where contact sheets alone are wanted, and where ``context.writes_thumbnails`` says
    that somebody else writes them.

    Args:
        sources: any number of files; a few dozen keep memory low and batches full.
        context: the engine, the limits, the outbox and which thumbnails are wanted.

    Returns:
        One record a page, in the order of ``sources`` and pages.

    Raises:
        OSError: a thumbnail cannot be written.
    """
    pages = measure_sources(sources, context.limits, context.has_thumbnails)
    pages, predictions = _predict(pages, context.engine)
    return _make_records(pages, predictions, context)


def _predict(
    pages: Sequence[MeasuredPage], engine: Engine
) -> tuple[list[MeasuredPage], list[Prediction | None]]:
    """Predict all pages, and what some of them show by another normalising, in one batch.

    Returns:
        The pages with the digit that was chosen of each; and what was read, ``None`` for those
        that were rejected.
    """
    readings = [list_readings(page.normalised_digit) for page in pages if page.normalised_digit]
    images = [reading.image for alternatives in readings for reading in alternatives]
    scores = engine.predict(np.stack(images)) if images else np.empty((0, 10), np.float32)
    starts = np.cumsum([0, *map(len, readings)]).tolist()
    chosen = iter(
        choose_reading(alternatives, scores[start : start + len(alternatives)])
        for start, alternatives in zip(starts, readings, strict=False)
    )
    read_pages: list[MeasuredPage] = []
    predictions: list[Prediction | None] = []
    for page in pages:
        prediction = None
        if page.normalised_digit:
            reading = next(chosen)
            page = page.choose(reading.digit)
            prediction = decide(
                reading.digit,
                reading.scores,
                engine.card.review_below,
                (page.width, page.height),
                page.is_incomplete,
                reading.doubt,
            )
        read_pages.append(page)
        predictions.append(prediction)
    return read_pages, predictions


def _make_records(
    pages: Sequence[MeasuredPage],
    predictions: Sequence[Prediction | None],
    context: RecognitionContext,
) -> list[PageRecord]:
    views = [
        page.make_thumbnail_view() if _has_thumbnail(prediction, context) else None
        for page, prediction in zip(pages, predictions, strict=True)
    ]
    pngs = [
        draw_thumbnail(view, prediction) if view and prediction else b""
        for view, prediction in zip(views, predictions, strict=True)
    ]
    names = [""] * len(pages)
    if context.thumbnails is not Thumbnails.SHEETS:
        names = [
            make_source_thumbnail_name(
                page.file.source, page.page_number, page.file.sha256, context.name_rules
            )
            if png
            else ""
            for page, png in zip(pages, pngs, strict=True)
        ]
        if context.writes_thumbnails and context.outbox is not None:
            root = str(context.outbox)
            gid = find_group(context.outbox) if any(pngs) else -1
            names = [
                save_thumbnail(root, name, png, page.file.file_stat.limit_mode(gid)) if png else ""
                for page, name, png in zip(pages, names, pngs, strict=True)
            ]
            pngs = [b""] * len(pages)
    read_at = utc_now()
    return [
        PageRecord(
            source=page.file.source,
            page=page.page_number,
            file_stat=page.file.file_stat,
            sha256=page.file.sha256,
            width=page.width,
            height=page.height,
            read_at=read_at,
            prediction=prediction,
            rejection=page.rejection,
            normalised_digit=page.normalised_digit,
            thumbnail=name,
            thumbnail_png=png,
            streak=page.streak,
        )
        for page, prediction, name, png in zip(pages, predictions, names, pngs, strict=True)
    ]


def _has_thumbnail(prediction: Prediction | None, context: RecognitionContext) -> bool:
    if prediction is None:
        return False
    return context.thumbnails is not Thumbnails.REVIEW or prediction.status is Status.REVIEW
