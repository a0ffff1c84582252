"""One picture in every format and flavour that is read, made on the spot."""

import io
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from batchdigits.arrays import GrayImage

ORIENTATION = 0x0112


def picture() -> GrayImage:
    """(40, 64) uint8: a black and a gray stroke on white, alike from no two sides."""
    gray = np.full((40, 64), 255, np.uint8)
    gray[8:16, 8:56] = 0
    gray[16:32, 8:16] = 64
    return gray


def stored(gray: GrayImage, orientation: int) -> GrayImage:
    """How a camera held at ``orientation`` stores the picture that ``gray`` shows upright."""
    turned = {
        1: gray,
        2: gray[:, ::-1],
        3: gray[::-1, ::-1],
        4: gray[::-1],
        5: gray.T,
        6: np.rot90(gray, 1),
        7: gray[::-1, ::-1].T,
        8: np.rot90(gray, -1),
    }[orientation]
    return np.ascontiguousarray(turned)


def pillow(image: Image.Image, form: str, **options: Any) -> bytes:
    """The bytes of a Pillow image."""
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def exif(orientation: int) -> bytes:
    """An EXIF block with nothing but an orientation."""
    block = Image.Exif()
    block[ORIENTATION] = orientation
    return bytes(block.tobytes())


def tiff(pixels: NDArray[Any], **options: Any) -> bytes:
    """A TIFF with one page, as tifffile writes it."""
    stream = io.BytesIO()
    options.setdefault("photometric", "minisblack" if pixels.ndim == 2 else "rgb")
    tifffile.imwrite(stream, pixels, metadata=None, **options)
    return stream.getvalue()


def tiff_stack(pages: list[NDArray[Any]], big: bool = False, **options: Any) -> bytes:
    """A TIFF with a page for each array."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, bigtiff=big) as writer:
        for page in pages:
            writer.write(page, photometric="minisblack", metadata=None, **options)
    return stream.getvalue()


def opencv(ending: str, pixels: NDArray[Any]) -> bytes:
    """What OpenCV writes."""
    ok, data = cv2.imencode(ending, pixels)
    assert ok
    return np.asarray(data).tobytes()


def transparent(gray: GrayImage) -> Image.Image:
    """Black ink whose opacity alone draws the picture."""
    black = np.zeros_like(gray)
    return Image.fromarray(np.dstack([black, black, black, 255 - gray]))


def samples() -> dict[str, bytes]:
    """Name with ending -> bytes; each shows :func:`picture`."""
    gray = picture()
    flat = Image.fromarray(gray)
    colour, clear = flat.convert("RGB"), transparent(gray)
    clear_gray = Image.merge("LA", (Image.fromarray(gray * 0), Image.fromarray(255 - gray)))
    rgba = np.asarray(clear)
    deep = gray.astype(np.uint16)
    negative = [flat.point(lambda level: 255 - level)]
    height, width = gray.shape
    text = b" ".join(b"%d" % level for level in gray.ravel()) + b"\n"
    twelve = b"P5 # comment\n%d %d\n4095\n" % (width, height)
    return {
        "gray.png": pillow(flat, "PNG"),
        "colour.png": pillow(colour, "PNG"),
        "palette.png": pillow(flat.convert("P"), "PNG"),
        "clear.png": pillow(clear, "PNG"),
        "clear gray.png": pillow(clear_gray, "PNG"),
        "opaque.png": pillow(colour.convert("RGBA"), "PNG"),
        "key gray.png": pillow(flat, "PNG", transparency=255),
        "key colour.png": pillow(colour, "PNG", transparency=(255, 255, 255)),
        "key palette.png": pillow(flat.convert("P"), "PNG", transparency=255),
        "deep.png": opencv(".png", deep * 257),
        "twelve.png": opencv(".png", deep * 16),
        "deep clear.png": opencv(".png", rgba.astype(np.uint16) * 257),
        "animated.png": pillow(flat, "PNG", save_all=True, append_images=negative),
        "gray.jpg": pillow(flat, "JPEG", quality=95),
        "progressive.jpg": pillow(colour, "JPEG", quality=95, progressive=True),
        "cmyk.jpg": pillow(colour.convert("CMYK"), "JPEG", quality=95),
        "gray.bmp": pillow(flat, "BMP"),
        "colour.bmp": pillow(colour, "BMP"),
        "palette.bmp": pillow(flat.convert("P"), "BMP"),
        "gray.gif": pillow(flat, "GIF"),
        "animated.gif": pillow(flat, "GIF", save_all=True, append_images=negative),
        "lossless.webp": pillow(colour, "WEBP", lossless=True),
        "lossy.webp": pillow(colour, "WEBP", quality=95),
        "clear.webp": pillow(clear, "WEBP", lossless=True),
        "animated.webp": pillow(flat, "WEBP", lossless=True, save_all=True, append_images=negative),
        "gray.pgm": b"P5\n%d %d\n255\n" % (width, height) + gray.tobytes(),
        "twelve.pgm": twelve + (deep * 16).astype(">u2").tobytes(),
        "colour.ppm": pillow(colour, "PPM"),
        "text.pgm": b"P2\n%d %d\n255\n" % (width, height) + text,
        "text.ppm": b"P3 %d %d 255\n" % (width, height)
        + b"".join(b"%d %d %d\n" % (level, level, level) for level in gray.ravel()),
        "gray.jp2": pillow(flat, "JPEG2000"),
        "clear.jp2": pillow(clear, "JPEG2000"),
        "clear gray.jp2": pillow(clear_gray, "JPEG2000"),
        "deep.jp2": opencv(".jp2", np.dstack([deep * 257] * 3)),
        "bare.j2k": pillow(flat, "JPEG2000", no_jp2=True),
        "gray.avif": pillow(flat, "AVIF", quality=95),
        "clear.avif": pillow(clear, "AVIF", quality=100),
        **_tiffs(gray, rgba),
    }


def _tiffs(gray: GrayImage, rgba: NDArray[np.uint8]) -> dict[str, bytes]:
    flat, deep = Image.fromarray(gray), gray.astype(np.uint16)
    colour, clear_gray = flat.convert("RGB"), rgba[..., [0, 3]]
    holes = gray.astype(np.float32) / 255
    holes[:4] = np.nan
    straight: dict[str, Any] = {"extrasamples": ["unassalpha"]}
    premultiplied: dict[str, Any] = {"extrasamples": ["assocalpha"]}
    return {
        "gray.tif": tiff(gray),
        "big.tif": tiff(gray, bigtiff=True),
        "motorola.tif": tiff(deep, byteorder=">"),
        "big motorola.tif": tiff(gray, bigtiff=True, byteorder=">"),
        "deep.tif": tiff(deep * 257),
        "twelve.tif": tiff(deep * 16),
        "signed.tif": tiff(gray.astype(np.int16) - 100),
        "word.tif": tiff(deep.astype(np.uint32)),
        "half.tif": tiff(gray.astype(np.float16)),
        "float.tif": tiff(gray.astype(np.float32) / 255),
        "double.tif": tiff(gray.astype(np.float64) * 1e6 - 1e7),
        "nan.tif": tiff(holes),
        "infinite.tif": tiff(np.where(np.isnan(holes), np.inf, holes)),
        "negative.tif": tiff(255 - gray, photometric="miniswhite"),
        "deep negative.tif": tiff((255 - deep) * 257, photometric="miniswhite"),
        "float negative.tif": tiff(1 - gray.astype(np.float32) / 255, photometric="miniswhite"),
        "clear.tif": tiff(rgba, **straight),
        "premultiplied.tif": tiff(rgba, **premultiplied),
        "deep clear.tif": tiff(rgba.astype(np.uint16) * 257, **straight),
        "clear gray.tif": tiff(clear_gray, photometric="minisblack", **straight),
        "clear gray deep.tif": tiff(
            clear_gray.astype(np.uint16) * 257, photometric="minisblack", **premultiplied
        ),
        "extra.tif": tiff(np.dstack([gray] * 5), photometric="minisblack", planarconfig="contig"),
        "planes.tif": tiff(np.stack([gray] * 3), planarconfig="separate"),
        "deep planes.tif": tiff(np.stack([deep * 257] * 3), planarconfig="separate"),
        "tiles.tif": tiff(gray, tile=(16, 16)),
        "deflate.tif": tiff(deep * 257, compression="zlib", predictor=True),
        "lzma.tif": tiff(gray, compression="lzma"),
        "lzw.tif": pillow(colour, "TIFF", compression="tiff_lzw"),
        "lzw clear gray.tif": pillow(Image.fromarray(clear_gray), "TIFF", compression="tiff_lzw"),
        "packbits.tif": pillow(flat, "TIFF", compression="packbits"),
        "zstd.tif": pillow(flat, "TIFF", compression="zstd"),
        "jpeg.tif": pillow(flat, "TIFF", compression="jpeg", quality=95),
        "palette.tif": pillow(flat.convert("P"), "TIFF"),
        "cmyk.tif": pillow(colour.convert("CMYK"), "TIFF"),
    }


def two_tone_samples() -> dict[str, bytes]:
    """One bit a pixel: every gray that is not white comes out black."""
    gray = np.where(picture() < 255, 0, 255).astype(np.uint8)
    bits = Image.fromarray(gray).convert("1")
    dots = b"".join(b"0" if level else b"1" for level in gray.ravel())
    return {
        "bits.png": pillow(bits, "PNG"),
        "bits.bmp": pillow(bits, "BMP"),
        "bits.gif": pillow(bits, "GIF"),
        "bits.pbm": pillow(bits, "PPM"),
        "text.pbm": b"P1\n%d %d\n" % (64, 40) + dots,
        "bits.tif": pillow(bits, "TIFF"),
        "fax3.tif": pillow(bits, "TIFF", compression="group3"),
        "fax4.tif": pillow(bits, "TIFF", compression="group4"),
        "black.tif": tiff(gray > 0, photometric="minisblack"),
        "white.tif": tiff(gray == 0, photometric="miniswhite"),
        "lzma bits.tif": tiff(gray == 0, photometric="miniswhite", compression="lzma"),
    }
