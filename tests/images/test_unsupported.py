"""Pictures of kinds that are not read: known by their first bytes or their ending."""

import io

import pytest
from PIL import Image

from batchdigits.config import Limits
from batchdigits.images.formats import format_from_content, format_from_name
from batchdigits.images.formats.unsupported import UNSUPPORTED
from batchdigits.images.load import load_pages
from batchdigits.reasons import Reason, Rejection

#: What Pillow knows and what is no picture of its own: films, data, parts of other files.
NO_PICTURES = {
    *(".mpg", ".mpeg", ".h5", ".hdf", ".grib", ".bufr", ".iim", ".im", ".gbr", ".ftc", ".ftu"),
    *(".apng", ".mpo"),  # PNG and JPEG by content
}
CONTENTS = [
    b"%!PS-Adobe-3.0 EPSF-3.0\n",
    b"\xc5\xd0\xd3\xc6\x1e\0\0\0",
    b"gimp xcf v011\0",
    b"PK\x03\x04" + bytes(22) + b"\x08\0\0\0" + b"mimetypeimage/openraster",
    b"\xd7\xcd\xc6\x9a\0\0",
    b"\x01\0\0\0" + bytes(36) + b" EMF\0\0\1\0",
    b"qoif\0\0\0\x08\0\0\0\x08\x03\0",
    b"DDS \x7c\0\0\0",
    b"FLIF\x31",
    b"BPG\xfb\x20\0",
    b"\x59\xa6\x6a\x95\0\0\0\x08",
    b"\x01\xda\x01\x01\0\x02",
    b"\x8aMNG\r\n\x1a\n",
    b"/* XPM */\nstatic char *x[] = {",
    b"#define a_b_width 8\n#define a_b_height 8\nstatic char a_b_bits[] = {",
    b"SIMPLE  =                    T / conforms to FITS",
    bytes(128) + b"DICM",
    b"#?RADIANCE\nFORMAT=32-bit_rle_rgbe\n",
    b"II\xbc\x01\x20\0\0\0",
    b"\0\0\x01\0\x01\0\x10\x10\0\0\x01\0\x20\0",
    b"\0\0\x02\0\x01\0\x10\x10\0\0\x01\0\x20\0",
    b"FORM\0\0\0\x40ILBMBMHD",
    b'<?xml version="1.0"?><svg xmlns="http://www.w3.org/2000/svg"/>',
]
ENDINGS = """
    tga ico cur qoi pcx dds exr hdr psd xcf djvu jxl jxr svg svgz eps ps wmf emf fits dcm icns
    flif bpg xbm xpm sgi ras mng jng pdf dng heic kra ora ai cdr jb2 pict wbmp
"""
NO_PICTURE_CONTENTS = [
    b"%!PS-AdobeFont-1.0: a type 1 font\n",
    b"#define width 8\nint main(void) {}\n",
    b"\0\x01\0\0\0\x0f\0\x80\0\x03\0\x70OS/2",
    b"\0\0\0\x18ftypisom\0\0\x02\0isomiso2mp41",
    b"PK\x03\x04\x14\0\x06\0\x08\0" + bytes(20) + b"[Content_Types].xml",
    b"SQLite format 3\0",
    b"FORM\0\0\0\x40AIFFCOMM",
    b"RIFF\0\0\0\x40WAVEfmt ",
    b"<!DOCTYPE html><html><svg></svg></html>",
    b'<?xml version="1.0"?><html xmlns="http://www.w3.org/1999/xhtml"><svg/></html>',
    b"\n\n1,2,3\n",
    bytes(200),
]
NO_PICTURE_ENDINGS = "txt csv json xml html doc docx xlsx zip mp4 py md ini"


def judge(content: bytes, name: str) -> Rejection:
    ((_, rejection),) = load_pages(content, name, Limits())
    assert isinstance(rejection, Rejection)
    return rejection


@pytest.mark.parametrize("content", CONTENTS)
def test_first_bytes_tell_a_picture_without_an_ending(content: bytes) -> None:
    kind = format_from_content((content + bytes(200))[:132])
    assert kind in UNSUPPORTED
    assert judge(content, "scan") == Rejection(Reason.UNSUPPORTED, kind.advice)


@pytest.mark.parametrize("ending", ENDINGS.split())
def test_an_ending_tells_a_picture_with_unknown_content(ending: str) -> None:
    rejection = judge(b"\x01\x02\x03 nothing that tells it", f"scan.{ending.upper()}")
    assert rejection.reason is Reason.UNSUPPORTED
    assert "PNG" in rejection.detail or "TIFF" in rejection.detail


@pytest.mark.parametrize("content", NO_PICTURE_CONTENTS)
def test_other_files_are_no_pictures(content: bytes) -> None:
    assert format_from_content(content[:132]) is None


@pytest.mark.parametrize("ending", NO_PICTURE_ENDINGS.split())
def test_other_endings_are_no_pictures(ending: str) -> None:
    assert format_from_name(f"notes.{ending}") is None


def test_all_that_pillow_knows_is_known() -> None:
    Image.init()
    endings = set(Image.registered_extensions()) - NO_PICTURES
    assert {ending for ending in endings if format_from_name(f"x{ending}") is None} == set()
    unknown = set()
    for name in {"BMP", "DDS", "EPS", "ICNS", "ICO", "PCX", "SGI", "MSP", "XBM"} & set(Image.SAVE):
        file = io.BytesIO()
        mode = "1" if name in {"XBM", "MSP"} else "RGB"
        Image.new(mode, (16, 16)).save(file, name)
        if format_from_content(file.getvalue()[:132]) is None:
            unknown.add(name)
    assert unknown == set()
