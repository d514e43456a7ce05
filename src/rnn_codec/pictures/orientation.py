"""Which way up a picture is, by what its file says."""

import re
import struct
from math import isfinite

from PIL import Image

from rnn_codec.pictures import tiff
from rnn_codec.pictures.containers import Parts

TAG = 0x0112

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF's orientations, and what turns a picture upright; 1 is upright."""

_TEXT, _RATIONALS = 2, (5, 10)


def upright(image: Image.Image, parts: Parts) -> Image.Image:
    """The picture turned upright; itself where it is already."""
    turn = TURNS.get(orientation(parts.exif, parts.xmp))
    return image if turn is None else image.transpose(turn)


def orientation(exif: bytes, xmp: bytes) -> int:
    """The orientation 1 … 8 that EXIF or else XMP states; 1 if neither does.

    EXIF wants it as a short integer; any other type that holds one of these numbers will do.

    >>> orientation(b"", b'<rdf:Description tiff:Orientation="6"/>'), orientation(b"MM", b"")
    (6, 1)
    """
    # Some writers put the prefix of JPEG before it, or put it twice.
    structure = tiff.structure(re.sub(rb"^(Exif\0\0){1,2}", b"", exif))
    if structure is not None:
        for entry in structure.entries():
            number = _number(structure, entry) if entry.tag == TAG else None
            if number is not None and number in range(1, 9):
                return int(number)
    stated = re.search(rb'tiff:Orientation(?:="|>)([1-8])', xmp)
    return int(stated[1]) if stated else 1


def _number(structure: tiff.Structure, entry: tiff.Entry) -> float | None:
    """The first number of a value; None if there is none."""
    value = structure.value(entry)
    if entry.kind == _TEXT:
        digits = value.strip(b" \0")
        return int(digits) if re.fullmatch(rb"[1-8]", digits) else None
    unit = structure.order + tiff.UNITS.get(entry.kind, "")
    if entry.kind not in tiff.UNITS or len(value) < struct.calcsize(unit):
        return None
    first, *rest = struct.unpack_from(unit, value)
    if entry.kind in _RATIONALS:
        return first / rest[0] if rest[0] else None
    return first if isfinite(first) else None
