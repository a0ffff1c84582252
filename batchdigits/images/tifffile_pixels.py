"""The pixels of a TIFF's first page by tifffile, with what is decompressed kept to the header.

Of itself tifffile unpacks whatever a strip holds: three megabytes of Deflate may be three
gigabytes.
"""

import io
import lzma
import zlib
from typing import Any

from numpy.typing import NDArray

#: How many times more bytes than its pixels need a strip or tile may have, and how many besides.
_EXCESS_FACTOR, _EXCESS_BYTES = 2, 4096
#: Bytes that LZMA may take; its highest preset takes 65 MiB.
_LZMA_MEMORY = 256 << 20


def compute_most_bytes(size: int) -> int:
    """Return how many bytes a strip or tile may have whose pixels need ``size``."""
    return _EXCESS_FACTOR * size + _EXCESS_BYTES


def read_first_page(stream: io.BytesIO) -> NDArray[Any]:
    """Read the pixels of the first page as they are stored.

    Raises:
        Exception: tifffile raises many types.
    """
    import tifffile

    with tifffile.TiffFile(stream) as file:
        page = file.pages[0]
        if page.compression not in _DECOMPRESSORS:
            return page.asarray(maxworkers=1)
        usual = tifffile.TIFF.DECOMPRESSORS
        tifffile.TIFF.DECOMPRESSORS = _DECOMPRESSORS
        try:
            return page.asarray(maxworkers=1)
        finally:
            tifffile.TIFF.DECOMPRESSORS = usual


def _inflate(data: bytes, /, *, out: int) -> bytes:
    return _unpack(zlib.decompressobj(), data, out)


def _unpack_lzma(data: bytes, /, *, out: int) -> bytes:
    return _unpack(lzma.LZMADecompressor(memlimit=_LZMA_MEMORY), data, out)


def _unpack(unpacker: Any, data: bytes, size: int) -> bytes:
    unpacked: bytes = unpacker.decompress(data, compute_most_bytes(size))
    if not unpacker.eof:
        raise ValueError("a strip or tile is cut off, or has more bytes than its pixels need")
    return unpacked


#: By the number of the compression: Deflate, also as it was numbered at first, and LZMA.
_DECOMPRESSORS = {8: _inflate, 32946: _inflate, 34925: _unpack_lzma}
