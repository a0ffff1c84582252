"""One picture in every format and variant that is read, made when a test runs."""

import io
from typing import Any

import cv2
import numpy as np
import tifffile
from numpy.typing import NDArray
from PIL import Image

from batchdigits.arrays import GrayImage

ORIENTATION = 0x0112


def make_picture() -> GrayImage:
    """Draw a black and a gray stroke on white, without any symmetry.

    Returns:
        ``(40, 64) uint8``.
    """
    gray = np.full((40, 64), 255, np.uint8)
    gray[8:16, 8:56] = 0
    gray[16:32, 8:16] = 64
    return gray


def turn_as_stored(gray: GrayImage, orientation: int) -> GrayImage:
    """Turn an upright picture into what a camera stores with this EXIF orientation."""
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


def encode_pillow(image: Image.Image, form: str, **options: Any) -> bytes:
    """Encode an image with Pillow."""
    stream = io.BytesIO()
    image.save(stream, form, **options)
    return stream.getvalue()


def make_exif(orientation: int) -> bytes:
    """Make an EXIF block with nothing but an orientation."""
    block = Image.Exif()
    block[ORIENTATION] = orientation
    return bytes(block.tobytes())


def encode_tiff(pixels: NDArray[Any], **options: Any) -> bytes:
    """Encode one page as TIFF with tifffile."""
    stream = io.BytesIO()
    options.setdefault("photometric", "minisblack" if pixels.ndim == 2 else "rgb")
    tifffile.imwrite(stream, pixels, metadata=None, **options)
    return stream.getvalue()


def encode_tiff_pages(pages: list[NDArray[Any]], big: bool = False, **options: Any) -> bytes:
    """Encode several pages as one TIFF with tifffile."""
    stream = io.BytesIO()
    with tifffile.TiffWriter(stream, bigtiff=big) as writer:
        for page in pages:
            writer.write(page, photometric="minisblack", metadata=None, **options)
    return stream.getvalue()


def encode_opencv(ending: str, pixels: NDArray[Any]) -> bytes:
    """Encode an image with OpenCV."""
    ok, data = cv2.imencode(ending, pixels)
    assert ok
    return np.asarray(data).tobytes()


def make_transparent(gray: GrayImage) -> Image.Image:
    """Draw the picture with the opacity of black ink alone."""
    black = np.zeros_like(gray)
    return Image.fromarray(np.dstack([black, black, black, 255 - gray]))


def make_samples() -> dict[str, bytes]:
    """Encode :func:`make_picture` in every format; return the files' bytes by name."""
    gray = make_picture()
    flat = Image.fromarray(gray)
    colour, clear = flat.convert("RGB"), make_transparent(gray)
    clear_gray = Image.merge("LA", (Image.fromarray(gray * 0), Image.fromarray(255 - gray)))
    rgba = np.asarray(clear)
    deep = gray.astype(np.uint16)
    negative = [flat.point(lambda level: 255 - level)]
    height, width = gray.shape
    text = b" ".join(b"%d" % level for level in gray.ravel()) + b"\n"
    twelve = b"P5 # comment\n%d %d\n4095\n" % (width, height)
    return {
        "gray.png": encode_pillow(flat, "PNG"),
        "colour.png": encode_pillow(colour, "PNG"),
        "palette.png": encode_pillow(flat.convert("P"), "PNG"),
        "clear.png": encode_pillow(clear, "PNG"),
        "clear gray.png": encode_pillow(clear_gray, "PNG"),
        "opaque.png": encode_pillow(colour.convert("RGBA"), "PNG"),
        "key gray.png": encode_pillow(flat, "PNG", transparency=255),
        "key colour.png": encode_pillow(colour, "PNG", transparency=(255, 255, 255)),
        "key palette.png": encode_pillow(flat.convert("P"), "PNG", transparency=255),
        "deep.png": encode_opencv(".png", deep * 257),
        "twelve.png": encode_opencv(".png", deep * 16),
        "deep clear.png": encode_opencv(".png", rgba.astype(np.uint16) * 257),
        "animated.png": encode_pillow(flat, "PNG", save_all=True, append_images=negative),
        "gray.jpg": encode_pillow(flat, "JPEG", quality=95),
        "progressive.jpg": encode_pillow(colour, "JPEG", quality=95, progressive=True),
        "cmyk.jpg": encode_pillow(colour.convert("CMYK"), "JPEG", quality=95),
        "gray.bmp": encode_pillow(flat, "BMP"),
        "colour.bmp": encode_pillow(colour, "BMP"),
        "palette.bmp": encode_pillow(flat.convert("P"), "BMP"),
        "gray.gif": encode_pillow(flat, "GIF"),
        "animated.gif": encode_pillow(flat, "GIF", save_all=True, append_images=negative),
        "lossless.webp": encode_pillow(colour, "WEBP", lossless=True),
        "lossy.webp": encode_pillow(colour, "WEBP", quality=95),
        "clear.webp": encode_pillow(clear, "WEBP", lossless=True),
        "animated.webp": encode_pillow(
            flat, "WEBP", lossless=True, save_all=True, append_images=negative
        ),
        "gray.pgm": b"P5\n%d %d\n255\n" % (width, height) + gray.tobytes(),
        "twelve.pgm": twelve + (deep * 16).astype(">u2").tobytes(),
        "colour.ppm": encode_pillow(colour, "PPM"),
        "text.pgm": b"P2\n%d %d\n255\n" % (width, height) + text,
        "text.ppm": b"P3 %d %d 255\n" % (width, height)
        + b"".join(b"%d %d %d\n" % (level, level, level) for level in gray.ravel()),
        "gray.jp2": encode_pillow(flat, "JPEG2000"),
        "clear.jp2": encode_pillow(clear, "JPEG2000"),
        "clear gray.jp2": encode_pillow(clear_gray, "JPEG2000"),
        "deep.jp2": encode_opencv(".jp2", np.dstack([deep * 257] * 3)),
        "bare.j2k": encode_pillow(flat, "JPEG2000", no_jp2=True),
        "gray.avif": encode_pillow(flat, "AVIF", quality=95),
        "clear.avif": encode_pillow(clear, "AVIF", quality=100),
        **_make_tiffs(gray, rgba),
    }


def _make_tiffs(gray: GrayImage, rgba: NDArray[np.uint8]) -> dict[str, bytes]:
    flat, deep = Image.fromarray(gray), gray.astype(np.uint16)
    colour, clear_gray = flat.convert("RGB"), rgba[..., [0, 3]]
    holes = gray.astype(np.float32) / 255
    holes[:4] = np.nan
    straight: dict[str, Any] = {"extrasamples": ["unassalpha"]}
    premultiplied: dict[str, Any] = {"extrasamples": ["assocalpha"]}
    return {
        "gray.tif": encode_tiff(gray),
        "big.tif": encode_tiff(gray, bigtiff=True),
        "motorola.tif": encode_tiff(deep, byteorder=">"),
        "big motorola.tif": encode_tiff(gray, bigtiff=True, byteorder=">"),
        "deep.tif": encode_tiff(deep * 257),
        "twelve.tif": encode_tiff(deep * 16),
        "signed.tif": encode_tiff(gray.astype(np.int16) - 100),
        "word.tif": encode_tiff(deep.astype(np.uint32)),
        "half.tif": encode_tiff(gray.astype(np.float16)),
        "float.tif": encode_tiff(gray.astype(np.float32) / 255),
        "double.tif": encode_tiff(gray.astype(np.float64) * 1e6 - 1e7),
        "nan.tif": encode_tiff(holes),
        "infinite.tif": encode_tiff(np.where(np.isnan(holes), np.inf, holes)),
        "negative.tif": encode_tiff(255 - gray, photometric="miniswhite"),
        "deep negative.tif": encode_tiff((255 - deep) * 257, photometric="miniswhite"),
        "float negative.tif": encode_tiff(
            1 - gray.astype(np.float32) / 255, photometric="miniswhite"
        ),
        "clear.tif": encode_tiff(rgba, **straight),
        "premultiplied.tif": encode_tiff(rgba, **premultiplied),
        "deep clear.tif": encode_tiff(rgba.astype(np.uint16) * 257, **straight),
        "clear gray.tif": encode_tiff(clear_gray, photometric="minisblack", **straight),
        "clear gray deep.tif": encode_tiff(
            clear_gray.astype(np.uint16) * 257, photometric="minisblack", **premultiplied
        ),
        "extra.tif": encode_tiff(
            np.dstack([gray] * 5), photometric="minisblack", planarconfig="contig"
        ),
        "planes.tif": encode_tiff(np.stack([gray] * 3), planarconfig="separate"),
        "deep planes.tif": encode_tiff(np.stack([deep * 257] * 3), planarconfig="separate"),
        "tiles.tif": encode_tiff(gray, tile=(16, 16)),
        "deflate.tif": encode_tiff(deep * 257, compression="zlib", predictor=True),
        "lzma.tif": encode_tiff(gray, compression="lzma"),
        "lzw.tif": encode_pillow(colour, "TIFF", compression="tiff_lzw"),
        "lzw clear gray.tif": encode_pillow(
            Image.fromarray(clear_gray), "TIFF", compression="tiff_lzw"
        ),
        "packbits.tif": encode_pillow(flat, "TIFF", compression="packbits"),
        "zstd.tif": encode_pillow(flat, "TIFF", compression="zstd"),
        "jpeg.tif": encode_pillow(flat, "TIFF", compression="jpeg", quality=95),
        "palette.tif": encode_pillow(flat.convert("P"), "TIFF"),
        "cmyk.tif": encode_pillow(colour.convert("CMYK"), "TIFF"),
    }


def make_two_tone_samples() -> dict[str, bytes]:
    """Encode :func:`make_picture` with one bit per pixel, where all but white becomes black."""
    gray = np.where(make_picture() < 255, 0, 255).astype(np.uint8)
    bits = Image.fromarray(gray).convert("1")
    dots = b"".join(b"0" if level else b"1" for level in gray.ravel())
    return {
        "bits.png": encode_pillow(bits, "PNG"),
        "bits.bmp": encode_pillow(bits, "BMP"),
        "bits.gif": encode_pillow(bits, "GIF"),
        "bits.pbm": encode_pillow(bits, "PPM"),
        "text.pbm": b"P1\n%d %d\n" % (64, 40) + dots,
        "bits.tif": encode_pillow(bits, "TIFF"),
        "fax3.tif": encode_pillow(bits, "TIFF", compression="group3"),
        "fax4.tif": encode_pillow(bits, "TIFF", compression="group4"),
        "black.tif": encode_tiff(gray > 0, photometric="minisblack"),
        "white.tif": encode_tiff(gray == 0, photometric="miniswhite"),
        "lzma bits.tif": encode_tiff(gray == 0, photometric="miniswhite", compression="lzma"),
    }
