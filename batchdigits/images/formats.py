"""The one table of file kinds that the code runs on: what is read, what is only recognised.

Signatures are those of the format specifications: PNG (W3C), JPEG (ITU T.81), TIFF 6.0 and
BigTIFF, BMP (Microsoft DIB headers), GIF89a, WebP container, Netpbm, JPEG 2000 (ITU T.800
annexes A and I), and ISO base media "ftyp" brands for AVIF and HEIF.
"""

import re
import struct
from collections.abc import Callable
from dataclasses import dataclass

from batchdigits.images import containers, ifd, pnm

#: No signature below needs more, but for the name of an SVG after a long comment.
HEAD_BYTES = 1024

_EXPORT_ADVICE = "Save or export it as PNG, JPEG or TIFF."
_RAW_ADVICE = "Camera raw files are not read. Develop it in a photo program to PNG, JPEG or TIFF."


@dataclass(frozen=True, slots=True)
class ImageFormat:
    """One kind of file.

    Attributes:
        name: short stable name, such as ``"png"``.
        label: what people call it.
        signature: matches the first bytes of such a file.
        endings: usual file name endings, lower case with their dot.
        advice: what to do with a kind that is recognised but not read; empty where it is read.
        complete: whether bytes with this signature reach to the image's end.
    """

    name: str
    label: str
    signature: re.Pattern[bytes]
    suffixes: tuple[str, ...]
    advice: str = ""
    completeness_check: Callable[[bytes], bool] | None = None

    @property
    def is_supported(self) -> bool:
        """Whether batchdigits reads this kind."""
        return not self.advice

    def matches(self, head: bytes) -> bool:
        """Whether a file that begins with ``head`` (64 bytes or more) is of this kind."""
        return self.signature.match(head) is not None


def _compile_signature(pattern: bytes) -> re.Pattern[bytes]:
    return re.compile(pattern, re.DOTALL)


# The signatures of BMP and the Netpbm kinds are short, so more than the two letters is asked
# for: a text that begins with "BM" or "P1" is no image.
PNG = ImageFormat(
    "png",
    "PNG",
    _compile_signature(rb"\x89PNG\r\n\x1a\n"),
    (".png",),
    "",
    containers.is_png_complete,
)
JPEG = ImageFormat(
    "jpeg",
    "JPEG",
    _compile_signature(rb"\xff\xd8\xff"),
    (".jpg", ".jpeg", ".jpe", ".jfif"),
    completeness_check=containers.is_jpeg_complete,
)
TIFF = ImageFormat(
    "tiff",
    "TIFF",
    _compile_signature(rb"II\*\0|MM\0\*|II\+\0|MM\0\+"),
    (".tif", ".tiff", ".btf", ".tf8"),
    completeness_check=ifd.is_tiff_complete,
)
BMP = ImageFormat(
    "bmp",
    "BMP",
    _compile_signature(rb"BM.{12}[\x0c\x10\x28\x34\x38\x40\x6c\x7c]\0\0\0"),
    (".bmp", ".dib"),
    completeness_check=containers.is_bmp_complete,
)
GIF = ImageFormat(
    "gif", "GIF", _compile_signature(rb"GIF8[79]a"), (".gif",), "", containers.is_gif_complete
)
WEBP = ImageFormat(
    "webp",
    "WebP",
    _compile_signature(rb"RIFF.{4}WEBP"),
    (".webp",),
    "",
    containers.is_webp_complete,
)
PNM = ImageFormat(
    "pnm",
    "PBM, PGM, PPM, PAM or PFM",
    _compile_signature(rb"P[1-6](?:\s+\d|\s*#)|P7\n|P[Ff]\s+\d"),
    (".pbm", ".pgm", ".ppm", ".pnm", ".pam", ".pfm"),
    completeness_check=pnm.is_pnm_complete,
)
JP2 = ImageFormat(
    "jp2",
    "JPEG 2000",
    _compile_signature(rb"\0\0\0\x0cjP  \r\n\x87\n|\xff\x4f\xff\x51"),
    (".jp2", ".j2k", ".jpf", ".jpx", ".j2c", ".jpc"),
    completeness_check=containers.is_jp2_complete,
)
AVIF = ImageFormat(
    "avif",
    "AVIF",
    # The brand may stand behind "mif1" among the compatible brands; those are four bytes each.
    _compile_signature(rb".{4}ftyp(?:avif|avis|mif1.{4}(?:.{4}){0,8}?(?:avif|avis))"),
    (".avif", ".avifs"),
    completeness_check=containers.is_avif_complete,
)
RAW = ImageFormat(
    "raw",
    "camera raw",
    # Canon CR2, CR3 and CRW, Fujifilm, Olympus, Panasonic, Sigma, Minolta.
    _compile_signature(
        rb"II\*\0.{4}CR|.{4}ftypcrx |II\x1a\0\0\0HEAPCCDR|FUJIFILMCCD-RAW|IIR[OS]|MMOR"
        rb"|IIU\0|FOVb|\0MRM"
    ),
    (
        ".dng",
        ".cr2",
        ".cr3",
        ".crw",
        ".nef",
        ".nrw",
        ".arw",
        ".srf",
        ".sr2",
        ".orf",
        ".rw2",
        ".raf",
        ".pef",
        ".srw",
        ".x3f",
        ".mrw",
        ".3fr",
        ".dcr",
        ".kdc",
        ".erf",
        ".mef",
        ".mos",
        ".iiq",
        ".rwl",
        ".raw",
    ),
    _RAW_ADVICE,
)
PDF = ImageFormat(
    "pdf",
    "PDF",
    _compile_signature(rb"\s{0,32}%PDF-"),
    (".pdf",),
    "PDF files are not read. Export its pages as PNG or TIFF, for example with pdftoppm -png.",
)
HEIF = ImageFormat(
    "heic",
    "HEIC or HEIF",
    _compile_signature(rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)"),
    (".heic", ".heif", ".hif"),
    "HEIC and HEIF photos are not read. Convert it to JPEG or PNG, or set the phone to JPEG.",
)
PSD = ImageFormat(
    "psd",
    "Photoshop",
    _compile_signature(rb"8BPS\0[\1\2]"),
    (".psd", ".psb"),
    "Photoshop files are not read. " + _EXPORT_ADVICE,
)
SVG = ImageFormat(
    "svg",
    "SVG",
    _compile_signature(
        rb"(?:\xef\xbb\xbf)?\s*<(?:svg\b|!DOCTYPE svg|(?:\?xml|!--|!DOCTYPE).{0,1000}?<svg\b)"
    ),
    (".svg",),
    "SVG drawings hold no pixels and are not read. Export it as PNG.",
)
JXL = ImageFormat(
    "jxl",
    "JPEG XL",
    _compile_signature(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
    (".jxl",),
    "JPEG XL files are not read. " + _EXPORT_ADVICE,
)
DJVU = ImageFormat(
    "djvu",
    "DjVu",
    _compile_signature(rb"AT&TFORM"),
    (".djvu", ".djv"),
    "DjVu files are not read. Export its pages as TIFF, for example with ddjvu -format=tiff.",
)
EXR = ImageFormat(
    "exr",
    "OpenEXR",
    _compile_signature(rb"\x76\x2f\x31\x01"),
    (".exr",),
    "OpenEXR files are not read. " + _EXPORT_ADVICE,
)

#: Every kind. The order matters only where signatures overlap: RAW before TIFF, AVIF before HEIF.
FORMATS = (
    PNG,
    JPEG,
    RAW,
    TIFF,
    BMP,
    GIF,
    WEBP,
    PNM,
    JP2,
    AVIF,
    PDF,
    HEIF,
    PSD,
    SVG,
    JXL,
    DJVU,
    EXR,
)

_FORMAT_BY_SUFFIX = {ending: kind for kind in FORMATS for ending in kind.suffixes}


def format_from_content(head: bytes) -> ImageFormat | None:
    """Return the kind of a file that begins with ``head`` (64 bytes or more), or ``None``.

    Many camera raw files are TIFF by content: only their ending tells, see :func:`identify_format`.
    """
    for kind in FORMATS:
        if kind.signature.match(head):
            return kind
    return None


def format_from_name(name: str) -> ImageFormat | None:
    """Return the kind that a name's ending promises, upper and lower case alike, or ``None``."""
    dot = name.rfind(".")
    return _FORMAT_BY_SUFFIX.get(name[dot:].lower()) if dot >= 0 else None


def identify_format(head: bytes, name: str) -> ImageFormat | None:
    """Return the kind by content; a raw ending wins over TIFF, as DNG, NEF and ARW are both."""
    kind = format_from_content(head)
    if kind is TIFF and format_from_name(name) is RAW:
        return RAW
    return kind


def is_complete(image_format: ImageFormat, data: bytes) -> bool:
    """Whether ``data`` reaches to the end of its image, judged by the file's structure.

    Bytes after the end do no harm. It says nothing of damage in between, and costs far less than
    decoding. ``True`` for kinds that are not read. Never raises.
    """
    if image_format.completeness_check is None:
        return True
    try:
        return image_format.completeness_check(data)
    except (struct.error, IndexError, ValueError):
        return False
