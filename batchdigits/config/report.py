"""The settings of ``batchdigits report``."""

from dataclasses import dataclass

from batchdigits.config.choices import CsvDialect, XlsxImages
from batchdigits.config.option import option_like
from batchdigits.config.settings import ReportFiles


@dataclass(frozen=True, kw_only=True)
class ReportChanges:
    """Which reports ``batchdigits report`` writes.

    The fields are those of :class:`ReportFiles`; ``None`` for what the last run wrote.
    """

    html: bool | None = option_like(ReportFiles, "html", None)
    xlsx: bool | None = option_like(ReportFiles, "xlsx", None, "--xlsx/--no-xlsx")
    xlsx_images: XlsxImages | None = option_like(ReportFiles, "xlsx_images", None)
    csv_dialect: CsvDialect | None = option_like(ReportFiles, "csv_dialect", None)
    parquet: bool | None = option_like(ReportFiles, "parquet", None, "--parquet/--no-parquet")
    charts: bool | None = option_like(
        ReportFiles, "charts", None, "--charts/--no-charts",
        shown_default="charts, if matplotlib is installed",
    )  # fmt: skip
