"""Rejections of files that ask for more than the settings allow."""

from batchdigits.config import Limits
from batchdigits.reasons import Reason, Rejection

#: Pixels that the pages of a file may have together: so many times those of the largest page, and
#: so many for each byte of the file. Scans of text have a few hundred, bombs thousands.
_LARGEST_PAGES, _PIXELS_PER_BYTE = 10, 1000


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


def check_total_size(pixels: int, file_bytes: int, limits: Limits) -> Rejection | None:
    """Return why no more pages are read of a file with far more pixels than its bytes; or ``None``.

    Args:
        pixels: of all pages up to here.
        file_bytes: size of the file.
        limits: the largest page that is read.
    """
    megapixels = pixels / 1e6
    most = _LARGEST_PAGES * limits.max_megapixels + _PIXELS_PER_BYTE * file_bytes / 1e6
    if megapixels <= most:
        return None
    return Rejection(
        Reason.TOO_LARGE,
        f"The pages up to here have {megapixels:.1f} megapixels; of a file this small "
        f"{most:.1f} are read with --max-megapixels {limits.max_megapixels:g}.",
    )
