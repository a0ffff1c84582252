"""Formats that are recognised but not read: their files are left in place, with advice."""

import re

from batchdigits.images.formats.image_format import ImageFormat

_EXPORT_ADVICE = "Save or export it as PNG, JPEG or TIFF."

PDF = ImageFormat(
    name="pdf",
    label="PDF",
    signature=re.compile(rb"\s{0,32}%PDF-"),
    suffixes=(".pdf",),
    advice="PDF files are not read. "
    "Export its pages as PNG or TIFF, for example with pdftoppm -png.",
)
HEIF = ImageFormat(
    name="heic",
    label="HEIC or HEIF",
    # Brands of ISO/IEC 23008-12.
    signature=re.compile(rb".{4}ftyp(?:hei[cxms]|hev[cxms]|mif1|msf1)", re.DOTALL),
    suffixes=(".heic", ".heif", ".hif"),
    advice="HEIC and HEIF photos are not read. "
    "Convert it to JPEG or PNG, or set the phone to JPEG.",
)
CAMERA_RAW = ImageFormat(
    name="raw",
    label="camera raw",
    # Canon CR2, CR3 and CRW, Fujifilm, Olympus, Panasonic, Sigma, Minolta. Others are TIFF by
    # content, and told by their suffixes alone.
    signature=re.compile(
        rb"II\*\0.{4}CR|.{4}ftypcrx |II\x1a\0\0\0HEAPCCDR|FUJIFILMCCD-RAW|IIR[OS]|MMOR"
        rb"|IIU\0|FOVb|\0MRM",
        re.DOTALL,
    ),
    suffixes=(
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
    advice="Camera raw files are not read. Develop it in a photo program to PNG, JPEG or TIFF.",
)
PSD = ImageFormat(
    name="psd",
    label="Photoshop",
    signature=re.compile(rb"8BPS\0[\1\2]"),
    suffixes=(".psd", ".psb"),
    advice=f"Photoshop files are not read. {_EXPORT_ADVICE}",
)
SVG = ImageFormat(
    name="svg",
    label="SVG",
    signature=re.compile(
        rb"(?:\xef\xbb\xbf)?\s*<(?:svg\b|!DOCTYPE svg|(?:\?xml|!--|!DOCTYPE).{0,1000}?<svg\b)",
        re.DOTALL,
    ),
    suffixes=(".svg",),
    advice="SVG drawings hold no pixels and are not read. Export it as PNG.",
)
JPEG_XL = ImageFormat(
    name="jxl",
    label="JPEG XL",
    signature=re.compile(rb"\xff\x0a|\0\0\0\x0cJXL \r\n\x87\n"),
    suffixes=(".jxl",),
    advice=f"JPEG XL files are not read. {_EXPORT_ADVICE}",
)
DJVU = ImageFormat(
    name="djvu",
    label="DjVu",
    signature=re.compile(rb"AT&TFORM"),
    suffixes=(".djvu", ".djv"),
    advice="DjVu files are not read. "
    "Export its pages as TIFF, for example with ddjvu -format=tiff.",
)
OPENEXR = ImageFormat(
    name="exr",
    label="OpenEXR",
    signature=re.compile(rb"\x76\x2f\x31\x01"),
    suffixes=(".exr",),
    advice=f"OpenEXR files are not read. {_EXPORT_ADVICE}",
)
PAM = ImageFormat(
    name="pam",
    label="PAM or PFM",
    # Netpbm's P7, and its floating-point relatives.
    signature=re.compile(rb"P7\n|P[Ff]\s+\d"),
    suffixes=(".pam", ".pfm"),
    advice=f"PAM and PFM files are not read. {_EXPORT_ADVICE}",
)
