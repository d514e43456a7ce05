"""Picture files of every common kind, as 8-bit RGB."""

import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, PngImagePlugin, UnidentifiedImageError

from rnn_codec.errors import UserError
from rnn_codec.pictures.colour import to_srgb
from rnn_codec.pictures.jpeg import lacks_end, with_end
from rnn_codec.pictures.metadata import code_points, readable, upright
from rnn_codec.pictures.tiff import TiffPicture, tiff_picture
from rnn_codec.pictures.tiff_directories import is_tiff
from rnn_codec.rnc.file import MAX_PIXELS

NamedImage: TypeAlias = tuple[str, NDArray[np.uint8]]
"""A picture's name, and its pixels (H, W, 3)."""

# Pillow would recognise more, and start Ghostscript for some.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")
SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")

COLOURS = {"1": "L", "L": "L", "LA": "L", "La": "L", "CMYK": "CMYK"}
"""From Pillow's modes to those that a profile may be for; of all others that is RGB."""

_PILLOW = Lock()
"""Pillow's limits are variables of its modules."""

LONGEST_TEXT = 2**24
"""Bytes of compressed text, or of a profile, in a PNG: longer ones are ignored."""


class UnreadableImageError(UserError):
    """A file that is no picture, or a broken one."""


def read_rgb(path: str | Path, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Read a picture as uint8 (H, W, 3) in sRGB, turned upright as EXIF or XMP says.

    - Grey is replicated, a palette looked up, CMYK and YCbCr converted.
    - Colours of another space than sRGB are converted: that of a PNG's code points (cICP), or else
      of a profile, or of a PNG's gamma and chromaticities; see `colour`. HDR is refused.
    - Transparency is laid over white.
    - 16-bit grey v becomes round(v / 257); 32-bit integer grey is taken to hold 16-bit values and
      clipped to them; float grey is taken to lie in 0..1 and clipped, NaN is black. A transparent
      level of such a picture is ignored. Pillow itself reads 16-bit colour by its upper bytes. In
      a TIFF 12-bit grey v becomes round(v / 4095 · 255); signed integers of 8 or 16 bits say
      nothing of what is black, and are refused.
    - Of several frames or pages the first counts; of a TIFF or DNG, the first in full size. A
      camera's raw picture is refused, and so are kinds of TIFF that `tiff_samples` does not list.
    - A JPEG may lack the marker of its end, if it has all of its pixels.
    - Metadata that is odd or damaged is no hindrance.

    Args:
        path: the file.
        max_pixels: a larger picture is refused. Pillow's own limit does not count.

    Raises:
        UnreadableImageError: the file is missing, no picture, cut off, too large, or of a kind that
            is not read.
    """
    with _explained(path, max_pixels):
        return _read(Path(path).read_bytes(), max_pixels)


def rgb_of_bytes(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """As `read_rgb`, of the bytes of a file; errors call it by a name."""
    with _explained(name, max_pixels):
        return _read(data, max_pixels)


@contextmanager
def _explained(name: str | Path, max_pixels: int) -> Iterator[None]:
    """Say in a sentence why a picture cannot be read."""
    try:
        yield
    except MemoryError:
        raise
    except Image.DecompressionBombError as error:
        reason = f"it has more pixels than the limit, {max_pixels} pixels (--max-pixels)"
        raise UnreadableImageError(f"{name} cannot be read as a picture: {reason}") from error
    except UnidentifiedImageError as error:
        reason = "it is no whole JPEG, PNG, WebP or TIFF file"
        raise UnreadableImageError(f"{name} cannot be read as a picture: {reason}") from error
    # What Pillow's decoders raise on broken files has no end.
    except Exception as error:
        raise UnreadableImageError(f"{name} cannot be read as a picture: {error}") from error


def _read(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    if is_tiff(data):
        return _read_tiff(tiff_picture(data), max_pixels)
    content = readable(data)
    with _limits(max_pixels):
        if lacks_end(content):
            # Which takes long if it is too large.
            _opened(content, max_pixels).close()
            content = with_end(content)
        with _opened(content, max_pixels) as image:
            # A PNG may go on after its pixels.
            image.load()
            info = {**image.info, "cicp": code_points(data)}
            return to_rgb(upright(image, info), info)


def _read_tiff(picture: TiffPicture, max_pixels: int) -> NDArray[np.uint8]:
    with _limits(max_pixels), picture.decoder(), _opened(picture.content, max_pixels) as image:
        info = {**image.info, "exif": picture.exif}
        return to_rgb(upright(picture.load(image), info), info)


@contextmanager
def _limits(max_pixels: int) -> Iterator[None]:
    """Limits of our own in the place of Pillow's, and no warnings; one thread at a time."""
    with _PILLOW, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pillows_own = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = max_pixels, LONGEST_TEXT
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = pillows_own


def _opened(content: bytes, max_pixels: int) -> Image.Image:
    """A picture file open; the pixels are not read yet."""
    image = Image.open(BytesIO(content), formats=FORMATS)
    # Up to twice the limit Pillow merely warns.
    if image.width * image.height > max_pixels:
        raise Image.DecompressionBombError
    return image


def to_rgb(image: Image.Image, info: Mapping[Any, Any]) -> NDArray[np.uint8]:
    """The pixels of an open picture, (H, W, 3), as `read_rgb` explains, but not turned."""
    if image.mode == "La":
        # From here Pillow knows only one way on.
        image = image.convert("LA")
    if image.mode.startswith("I") or image.mode == "F":
        image = Image.fromarray(_deep_to_8_bit(np.asarray(image)))
    opacity = None
    colours = COLOURS.get(image.mode, "RGB")
    if image.has_transparency_data:
        image = image.convert("RGBA")
        opacity = image.getchannel("A")
    image = _in_mode(to_srgb(_in_mode(image, colours), info), "RGB")
    if opacity is not None:
        image.putalpha(opacity)
        white = Image.new("RGBA", image.size, "white")
        image = Image.alpha_composite(white, image).convert("RGB")
    return np.array(image)


def _in_mode(image: Image.Image, mode: str) -> Image.Image:
    """Not copied where nothing is to be done: pictures may be large."""
    return image if image.mode == mode else image.convert(mode)


def _deep_to_8_bit(grey: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Grey levels of 16 or 32 bits or floats, (H, W), to 8 bits."""
    white = 1.0 if grey.dtype.kind == "f" else 65535.0
    levels = np.nan_to_num(np.clip(grey.astype(np.float64), 0.0, white))
    return np.rint(levels * 255.0 / white).astype(np.uint8)
