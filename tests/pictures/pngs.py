"""PNG files made for tests."""

import struct
import zlib
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def write_png(path: Path, pixels: NDArray[np.generic], **chunks: bytes) -> Path:
    """A PNG with chunks of the given kinds before its pixels."""
    stream = BytesIO()
    Image.fromarray(pixels).save(stream, "PNG")
    file, first = stream.getvalue(), 8 + 25
    added = b""
    for name, body in chunks.items():
        kind = name.encode()
        check = struct.pack(">L", zlib.crc32(kind + body))
        added += struct.pack(">L", len(body)) + kind + body + check
    path.write_bytes(file[:first] + added + file[first:])
    return path


def parts(*values: float) -> bytes:
    """Numbers of a PNG, in units of 1/100,000."""
    return struct.pack(f">{len(values)}L", *(round(100_000 * value) for value in values))
