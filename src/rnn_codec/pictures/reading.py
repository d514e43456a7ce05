"""Reads picture files of all common kinds as 8-bit RGB."""

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
"""Maps Pillow's modes to the modes that their profiles are for; all others map to RGB."""

_PILLOW = Lock()
"""Guards Pillow's limits, which are variables of its modules."""

LONGEST_TEXT = 2**24
"""Limit, in bytes, of compressed text or of a profile in a PNG; longer ones are ignored."""


class UnreadableImageError(UserError):
    """A file is not a picture, or is broken."""


def read_rgb(path: str | Path, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Read a picture as uint8 (H, W, 3) in sRGB, turned upright according to EXIF or XMP.

    - Grey is replicated, a palette looked up, CMYK and YCbCr converted.
    - Other colour spaces than sRGB are converted. A file states its colour space by a PNG's code
      points (cICP), else a profile, else a PNG's gamma and chromaticities; see `colour`. HDR is
      refused.
    - Transparent pixels are laid over white.
    - 16-bit grey v becomes round(v / 257). 32-bit integer grey is assumed to contain 16-bit values
      and clipped to them; float grey is clipped to 0..1, and NaN is black. A transparent level of
      such a picture is ignored. Of 16-bit colour Pillow reads the upper bytes. In a TIFF, 12-bit
      grey v becomes round(v / 4095 · 255); signed integers of 8 or 16 bits do not define black,
      and are refused.
    - Of several frames or pages the first is read; of a TIFF or DNG, the first in full size. A
      camera's raw picture is refused, and so are kinds of TIFF that `tiff_samples` does not list.
    - A JPEG may lack its end marker if it has all its pixels.
    - Odd or damaged metadata is ignored.

    Args:
        path: the file.
        max_pixels: a larger picture is refused. Pillow's own limit does not apply.

    Raises:
        UnreadableImageError: the file is missing, not a picture, cut off, too large, or of an
            unsupported kind.
    """
    with _explained(path, max_pixels):
        return _read(Path(path).read_bytes(), max_pixels)


def rgb_of_bytes(data: bytes, name: str, max_pixels: int = MAX_PIXELS) -> NDArray[np.uint8]:
    """Like `read_rgb`, for the bytes of a file; `name` is its name in error messages."""
    with _explained(name, max_pixels):
        return _read(data, max_pixels)


@contextmanager
def _explained(name: str | Path, max_pixels: int) -> Iterator[None]:
    """Turn errors into a sentence about why a picture cannot be read."""
    try:
        yield
    except MemoryError:
        raise
    except Image.DecompressionBombError as error:
        reason = f"it has more pixels than the limit, {max_pixels} pixels (--max-pixels)"
        raise UnreadableImageError(f"{name} cannot be read as a picture: {reason}") from error
    except UnidentifiedImageError as error:
        reason = "it is not a complete JPEG, PNG, WebP or TIFF file"
        raise UnreadableImageError(f"{name} cannot be read as a picture: {reason}") from error
    # Pillow's decoders raise all kinds of errors for broken files.
    except Exception as error:
        raise UnreadableImageError(f"{name} cannot be read as a picture: {error}") from error


def _read(data: bytes, max_pixels: int) -> NDArray[np.uint8]:
    if is_tiff(data):
        return _read_tiff(tiff_picture(data), max_pixels)
    content = readable(data)
    with _limits(max_pixels):
        if lacks_end(content):
            # Check the size first: `with_end` takes long for a large picture.
            _opened(content, max_pixels).close()
            content = with_end(content)
        with _opened(content, max_pixels) as image:
            # A PNG may have metadata after its pixels.
            image.load()
            info = {**image.info, "cicp": code_points(data)}
            return to_rgb(upright(image, info), info)


def _read_tiff(picture: TiffPicture, max_pixels: int) -> NDArray[np.uint8]:
    with _limits(max_pixels), picture.decoder(), _opened(picture.content, max_pixels) as image:
        info = {**image.info, "exif": picture.exif}
        return to_rgb(upright(picture.load(image), info), info)


@contextmanager
def _limits(max_pixels: int) -> Iterator[None]:
    """Replace Pillow's limits by ours, and suppress warnings, for one thread at a time."""
    with _PILLOW, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        pillows_own = Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK
        Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = max_pixels, LONGEST_TEXT
        try:
            yield
        finally:
            Image.MAX_IMAGE_PIXELS, PngImagePlugin.MAX_TEXT_CHUNK = pillows_own


def _opened(content: bytes, max_pixels: int) -> Image.Image:
    """An open picture file, whose pixels are not read yet."""
    image = Image.open(BytesIO(content), formats=FORMATS)
    # Up to twice the limit, Pillow only warns.
    if image.width * image.height > max_pixels:
        raise Image.DecompressionBombError
    return image


def to_rgb(image: Image.Image, info: Mapping[Any, Any]) -> NDArray[np.uint8]:
    """The pixels (H, W, 3) of an open picture, converted as by `read_rgb`, but not turned."""
    if image.mode == "La":
        # Pillow can convert this mode only to LA.
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
    """The image in a mode; not copied if it is in that mode already: pictures may be large."""
    return image if image.mode == mode else image.convert(mode)


def _deep_to_8_bit(grey: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Grey levels of 16 or 32 bits or floats, (H, W), to 8 bits."""
    white = 1.0 if grey.dtype.kind == "f" else 65535.0
    levels = np.nan_to_num(np.clip(grey.astype(np.float64), 0.0, white))
    return np.rint(levels * 255.0 / white).astype(np.uint8)
