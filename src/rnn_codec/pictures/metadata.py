"""The metadata of picture files: the part that Pillow is given to read, and the orientation.

Pillow reads all metadata when it opens or loads a picture, and rejects a good picture if its
metadata is odd, long or cut off. So Pillow is given only the metadata that matters. Where a file
violates its format, the rest is left as it is, for Pillow to judge.
"""

import re
import struct
from collections.abc import Iterator, Mapping
from contextlib import suppress
from io import BytesIO
from typing import Any
from zlib import crc32

from PIL import Image
from PIL.PngImagePlugin import PngStream

from rnn_codec.pictures.tiff_directories import first_directory, is_tiff, with_directory

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"

ORIENTATION, XMP = 274, 700
"""Tags of EXIF."""

TURNS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}
"""EXIF's orientations, and the transpositions that turn a picture upright; 1 is upright."""


def readable(data: bytes) -> bytes:
    """A JPEG or PNG file without metadata that Pillow may reject; other files are unchanged."""
    if data.startswith(JPEG):
        return _readable_jpeg(data)
    if data.startswith(PNG):
        return _readable_png(data)
    return data


_FILL = 0xFFFF
_SEGMENTS = frozenset(range(0xFFC0, 0xFFFF)) - frozenset(range(0xFFD0, 0xFFDB))
"""Markers with a length field, except that of a scan, where pixels begin."""
_METADATA = frozenset([*range(0xFFE1, 0xFFF0), 0xFFFE])
"""Markers of applications and comments."""
_JPEG_KEPT = re.compile(rb"Exif\0|http://ns.adobe.com/xap/1.0/\0|ICC_PROFILE\0..|Adobe", re.DOTALL)
"""Beginnings of the bodies to keep: EXIF, XMP, a piece of a profile, how colours are coded."""


def _readable_jpeg(data: bytes) -> bytes:
    kept, position = [data[:2]], 2
    while position + 4 <= len(data):
        marker, length = struct.unpack_from(">HH", data, position)
        end = position + 2 + length
        if marker == _FILL:
            position += 1
            continue
        if marker not in _SEGMENTS or length < 2 or end > len(data):
            break
        if marker not in _METADATA or _JPEG_KEPT.match(data, position + 4, end):
            kept.append(data[position:end])
        position = end
    return b"".join([*kept, data[position:]])


_PNG_SAID = frozenset([b"iCCP", b"gAMA", b"cHRM", b"sRGB", b"eXIf", b"tEXt", b"zTXt", b"iTXt"])


def _readable_png(data: bytes) -> bytes:
    kept, stream = [PNG], PngStream(BytesIO(data))
    for kind, position, end in _chunks(data):
        # A lower-case first letter marks an optional chunk; but tRNS, transparency, is needed.
        needed = not kind[:1].islower() or kind == b"tRNS"
        if needed or (kind in _PNG_SAID and _is_readable(stream, position)):
            kept.append(data[position:end])
    return b"".join(kept)


def _chunks(data: bytes) -> Iterator[tuple[bytes, int, int]]:
    """The kind, the start and the end of every chunk of a PNG."""
    position = len(PNG)
    while position < len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 8], position, end
        position = end


def code_points(data: bytes) -> bytes | None:
    """The body of a PNG's cICP chunk; None if there is no intact one before the pixels.

    >>> code_points(PNG + bytes.fromhex("00000004 63494350 0c0d0001 6e03e3ef"))
    b'\\x0c\\r\\x00\\x01'
    """
    if not data.startswith(PNG):
        return None
    for kind, position, end in _chunks(data):
        if kind == b"IDAT":
            break
        if kind == b"cICP":
            check = int.from_bytes(data[end - 4 : end], "big")
            is_whole = end <= len(data) and check == crc32(data[position + 4 : end - 4])
            return data[position + 8 : end - 4] if is_whole else None
    return None


def _is_readable(stream: PngStream, position: int) -> bool:
    """Whether Pillow can read the chunk at a position."""
    assert stream.fp is not None
    stream.fp.seek(position)
    try:
        kind, start, length = stream.read()
        stream.crc(kind, stream.call(kind, start, length))
    except (SyntaxError, ValueError, OSError, IndexError, struct.error):
        return False
    return True


def upright(image: Image.Image, info: Mapping[Any, Any]) -> Image.Image:
    """The picture turned upright according to `info`; the same object if it is upright."""
    turn = TURNS.get(orientation(info))
    return image if turn is None else image.transpose(turn)


def orientation(info: Mapping[Any, Any]) -> int:
    """The orientation 1 … 8 that EXIF or else XMP states; 1 if neither does.

    In EXIF it should be a short integer, but any type with one of these numbers is accepted.

    Args:
        info: the `info` of a Pillow image.

    >>> orientation({"xmp": b'<rdf:Description tiff:Orientation="6"/>'}), orientation({})
    (6, 1)
    """
    tags = _tags(_exif(info))
    number = _number(tags.get(ORIENTATION))
    if number in range(1, 9):
        return int(number)
    xmp = info.get("xmp") or tags.get(XMP)
    text = xmp.decode("latin-1") if isinstance(xmp, bytes) else str(xmp)
    stated = re.search(r'tiff:Orientation(?:="|>)([1-8])', text)
    return int(stated[1]) if stated else 1


def _exif(info: Mapping[Any, Any]) -> bytes:
    exif = info.get("exif")
    if isinstance(exif, Image.Exif):
        exif = exif.tobytes()
    if not exif:
        # ImageMagick's form: an empty line, a name, a length, and digits.
        lines = (info.get("Raw profile type exif") or "").split("\n")
        with suppress(ValueError):
            exif = bytes.fromhex("".join(lines[3:]))
    # Some writers add the prefix of JPEG, or even add it twice.
    return re.sub(rb"^(Exif\0\0){1,2}", b"", exif or b"")


def _tags(exif: bytes) -> Image.Exif:
    """The tags of EXIF that matter; damage to others does no harm."""
    tags = Image.Exif()
    first = first_directory(exif) if is_tiff(exif) else None
    if first is not None:
        said = {tag: first.classic_values(tag, first.order) for tag in (ORIENTATION, XMP)}
        tags.load(with_directory(b"", first.order, said))
    return tags


def _number(value: Any) -> float:
    """The first number of a value of any type; 0 if there is none."""
    if isinstance(value, tuple | bytes):
        return value[0]
    if isinstance(value, str):
        digits = value.strip(" \0")
        return int(digits) if re.fullmatch("[1-8]", digits) else 0
    return value or 0
