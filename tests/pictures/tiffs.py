"""TIFF files made for tests, by another library or from bytes."""

import struct
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import tifffile
from numpy.typing import NDArray

from rnn_codec.pictures.reading import read_rgb


def tiff(*pages: tuple[NDArray[Any], dict[str, Any]], order: str = "<", big: bool = False) -> bytes:
    """A file of some pages, each with options of `TiffWriter.write`."""
    buffer = BytesIO()
    with tifffile.TiffWriter(buffer, byteorder=order, bigtiff=big) as writer:
        for pixels, options in pages:
            writer.write(pixels, metadata=None, **{"predictor": False, **options})
    return buffer.getvalue()


def from_tags(
    order: str,
    pixels: bytes,
    tags: dict[int, tuple[int, ...]],
    following: int = 0,
    fractions: dict[int, tuple[float, ...]] | None = None,
) -> bytes:
    """A file of one directory, at byte 8; the pixels, in one strip, come last.

    Args:
        order: "<" or ">".
        pixels: as they are in the file.
        tags: tag to numbers, written as LONG; those of strips are added.
        following: where the next directory is.
        fractions: tag to numbers, written as RATIONAL.
    """
    stated = {tag: (4, of) for tag, of in {259: (1,), **tags, 279: (len(pixels),)}.items()}
    for tag, of in (fractions or {}).items():
        stated[tag] = (5, tuple(part for value in of for part in (round(10_000 * value), 10_000)))
    start = 8 + 2 + 12 * (len(stated) + 1) + 4
    end = start + 4 * sum(len(of) for _, of in stated.values())
    lines, values = b"", b""
    for tag, (kind, of) in sorted({**stated, 273: (4, (end,))}.items()):
        raw = struct.pack(f"{order}{len(of)}L", *of)
        at = raw if len(of) == 1 else struct.pack(order + "L", start + len(values))
        lines += struct.pack(order + "HHL", tag, kind, len(of) // (kind - 3)) + at
        values += raw if len(of) > 1 else b""
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", 8)
    directory = struct.pack(order + "H", len(stated) + 1) + lines
    return (head + directory + struct.pack(order + "L", following) + values).ljust(
        end, b"\0"
    ) + pixels


def read(folder: Path, content: bytes) -> NDArray[np.uint8]:
    """The pixels of a file."""
    path = folder / "a.tif"
    path.write_bytes(content)
    return read_rgb(path)
