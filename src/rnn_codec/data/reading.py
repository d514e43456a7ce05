"""Picture files of every common kind, as 8-bit RGB."""

import os
import struct
import zlib
from pathlib import Path
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from rnn_codec.errors import UserError

NamedImage: TypeAlias = tuple[str, NDArray[np.uint8]]
"""A picture's name, and its pixels (H, W, 3)."""

SUFFIXES = (".jpg", ".jpeg", ".png", ".webp", ".tif", ".tiff")

# What the suffixes promise. Pillow would recognise more, and start Ghostscript for some.
FORMATS = ("JPEG", "PNG", "WEBP", "TIFF")

# What Pillow's readers raise on files that are broken, cut off or too large to be true.
BROKEN_FILE = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    TypeError,
    LookupError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class UnreadableImageError(UserError):
    """A file that is no picture, or a broken one."""


def read_rgb(path: str | Path) -> NDArray[np.uint8]:
    """Read a picture as uint8 (H, W, 3), turned upright as its EXIF orientation says.

    - Grey is replicated, a palette looked up, CMYK and YCbCr converted.
    - Transparency is laid over white.
    - 16-bit grey v becomes round(v / 257); 32-bit integer grey is taken to hold 16-bit values and
      clipped to them; float grey is taken to lie in 0..1 and clipped, NaN is black. A transparent
      level of such a picture is ignored. Pillow itself reads 16-bit colour by its upper bytes.
    - Of several frames or pages the first counts.

    Raises:
        UnreadableImageError: the file is missing, no picture, cut off, or a decompression bomb.
    """
    try:
        with Image.open(path, formats=FORMATS) as image:
            return _to_rgb(ImageOps.exif_transpose(image))
    except BROKEN_FILE as error:
        raise UnreadableImageError(f"{path} cannot be read as a picture: {error}") from error


def find_images(root: str | Path) -> list[Path]:
    """List the pictures under a folder and its subfolders, sorted by path; hidden files left out.

    A picture is what ends in .jpg, .jpeg, .png, .webp, .tif or .tiff, in small or capital letters.

    Raises:
        UserError: there is no such folder, or no picture in it.
    """
    root = Path(root)
    if not root.is_dir():
        raise UserError(f"there is no folder {root}: name a folder of photographs")
    found = [path for path in root.rglob("*") if _is_picture(path)]
    if not found:
        raise UserError(f"there is no picture ({', '.join(SUFFIXES)}) in the folder {root}")
    return sorted(found, key=lambda path: path.relative_to(root).as_posix())


def _is_picture(path: Path) -> bool:
    return path.suffix.lower() in SUFFIXES and path.name[0] != "." and os.path.isfile(path)


def _to_rgb(image: Image.Image) -> NDArray[np.uint8]:
    if image.mode.startswith("I") or image.mode == "F":
        return np.repeat(_deep_to_8_bit(np.asarray(image))[..., None], 3, axis=-1)
    if image.has_transparency_data:
        coloured = image.convert("RGBA")
        white = Image.new("RGBA", coloured.size, "white")
        image = Image.alpha_composite(white, coloured)
    return np.array(image.convert("RGB"))


def _deep_to_8_bit(grey: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Grey levels of 16 or 32 bits or floats, (H, W), to 8 bits."""
    white = 1.0 if grey.dtype.kind == "f" else 65535.0
    levels = np.nan_to_num(np.clip(grey.astype(np.float64), 0.0, white))
    return np.rint(levels * 255.0 / white).astype(np.uint8)
