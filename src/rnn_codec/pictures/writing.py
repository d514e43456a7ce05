"""Pixels to picture files, by suffix."""

from collections.abc import Mapping
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path

_LOSSY = {"quality": 95, "subsampling": "4:4:4"}
_QUICK = {"compress_level": 2}
"""Photographs become 5 % larger than with Pillow's own level, 6, and are written in a third of the
time, which is much of the time that decompressing takes."""

FORMATS: Mapping[str, tuple[str, dict[str, Any]]] = {
    ".png": ("PNG", _QUICK),
    ".webp": ("WEBP", {"lossless": True}),
    ".tif": ("TIFF", {"compression": "tiff_lzw"}),
    ".tiff": ("TIFF", {"compression": "tiff_lzw"}),
    ".bmp": ("BMP", {}),
    ".ppm": ("PPM", {}),
    ".jpg": ("JPEG", _LOSSY),
    ".jpeg": ("JPEG", _LOSSY),
}
"""Suffix to Pillow's format and options: without loss, but for JPEG."""


def check_writable_suffix(path: Path) -> None:
    """Refuse a name whose suffix stands for no format of `FORMATS`, in small or capital letters."""
    if path.suffix.lower() not in FORMATS:
        *most, last = FORMATS
        raise UserError(
            f"{path} cannot be written: a picture's name ends in {', '.join(most)} or {last}"
        )


def png(pixels: NDArray[np.uint8]) -> bytes:
    """The bytes of a PNG of uint8 pixels (H, W, 3)."""
    content = BytesIO()
    Image.fromarray(pixels).save(content, format="PNG", **_QUICK)
    return content.getvalue()


def write_rgb(path: Path, pixels: NDArray[np.uint8]) -> None:
    """Write uint8 pixels (H, W, 3) in the format of the suffix; the file is whole or absent.

    Raises:
        UserError: the suffix is unknown, or the format or the disk does not hold the picture.
    """
    check_writable_suffix(path)
    name, options = FORMATS[path.suffix.lower()]
    try:
        with atomic_path(path) as partial:
            Image.fromarray(pixels).save(partial, format=name, **options)
    except (ValueError, OSError) as error:
        # Formats have limits of their own, such as 16,383 pixels a side in WebP.
        reason = getattr(error, "strerror", None) or error
        height, width = pixels.shape[:2]
        raise UserError(f"{path} cannot be written ({width}×{height} pixels): {reason}") from error
