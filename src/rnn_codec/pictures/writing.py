"""Writes pixels to picture files, in the format of the suffix."""

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
"""Photographs become 5 % larger than with Pillow's default level, 6, but are written in a third of
the time, and writing takes much of the time of decompressing."""

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
"""Pillow's format and options, by suffix: lossless, except for JPEG."""


def check_writable_suffix(path: Path) -> None:
    """Refuse a name whose suffix, in lower or upper case, is not one of `FORMATS`."""
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
    """Write uint8 pixels (H, W, 3) in the format of the suffix, atomically.

    Raises:
        UserError: the suffix is unknown, or the picture is too large for the format or the disk.
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
