"""Rejections of files that ask for more than the settings allow."""

from batchdigits.config import Limits
from batchdigits.reasons import Reason, Rejection


def check_size(width: int, height: int, limits: Limits) -> Rejection | None:
    """Return why a page of so many pixels is rejected: too large, or no area; else ``None``."""
    if width <= 0 or height <= 0:
        return Rejection(Reason.CORRUPT, f"The header says {width} x {height} pixels.")
    megapixels = width * height / 1e6
    if megapixels <= limits.max_megapixels:
        return None
    return Rejection(
        Reason.TOO_LARGE,
        f"The image is {width} x {height} = {megapixels:.1f} megapixels; "
        f"--max-megapixels allows {limits.max_megapixels:g}.",
    )


def reject_excess_pages(limits: Limits) -> Rejection:
    """Return the rejection that stands in place of the pages beyond the limit."""
    were_read = "page was" if limits.max_pages == 1 else f"{limits.max_pages} pages were"
    return Rejection(
        Reason.TOO_MANY_PAGES, f"Only the first {were_read} read, as --max-pages allows."
    )
