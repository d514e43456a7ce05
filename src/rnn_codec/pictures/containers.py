"""Picture files taken apart: what pixels are decoded from, and what is said beside them.

Pillow reads what is said when it opens or loads a picture, and gives up on a good one where that is
odd, long or cut off. So it is given the rest alone. Where a file is not as its format wants it,
what follows is left as it is, for Pillow to judge.
"""

import struct
import zlib
from collections.abc import Iterator
from dataclasses import dataclass

from rnn_codec.pictures import tiff

LONGEST_TEXT = 2**24
"""Bytes that compressed text or a profile may have; nothing is taken from what is longer."""

JPEG, PNG = b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True)
class Parts:
    """A picture file in parts; one that the file lacks is empty or None.

    Attributes:
        picture: the file without all that follows.
        exif: EXIF's TIFF structure.
        xmp: XMP's XML.
        profile: ICC profile.
        gamma: exponent that made samples out of light; of a PNG that says nothing better.
        chromaticities: x and y of white, red, green and blue, beside `gamma`.
    """

    picture: bytes
    exif: bytes = b""
    xmp: bytes = b""
    profile: bytes = b""
    gamma: float | None = None
    chromaticities: tuple[float, ...] | None = None


def take_apart(data: bytes) -> Parts:
    """The parts of a JPEG, PNG, WebP or TIFF file; any other is left whole."""
    if data.startswith(JPEG):
        return _split_jpeg(data)
    if data.startswith(PNG):
        return _split_png(data)
    if data.startswith(b"RIFF") and data[8:12] == b"WEBP":
        return _split_webp(data)
    structure = tiff.structure(data)
    return Parts(data) if structure is None else _split_tiff(structure)


_FILL = 0xFFFF
_SEGMENTS = frozenset(range(0xFFC0, 0xFFFF)) - frozenset(range(0xFFD0, 0xFFDB))
"""Markers that a length follows, but for that of the scan, where pixels begin."""
_METADATA = frozenset([*range(0xFFE1, 0xFFF0), 0xFFFE]) - {0xFFEE}
"""Markers of applications and comments, but for Adobe's, which says how colours are coded."""
_EXIF, _XMP, _PROFILE = b"Exif\0\0", b"http://ns.adobe.com/xap/1.0/\0", b"ICC_PROFILE\0"


def _split_jpeg(data: bytes) -> Parts:
    kept, bodies, position = [data[:2]], [], 2
    while position + 4 <= len(data):
        marker, length = struct.unpack_from(">HH", data, position)
        end = position + 2 + length
        if marker == _FILL:
            position += 1
            continue
        if marker not in _SEGMENTS or length < 2 or end > len(data):
            break
        if marker in _METADATA:
            bodies.append(data[position + 4 : end])
        else:
            kept.append(data[position:end])
        position = end
    kept.append(data[position:])

    def said(prefix: bytes) -> list[bytes]:
        return [body.removeprefix(prefix) for body in bodies if body.startswith(prefix)]

    return Parts(
        picture=b"".join(kept),
        exif=b"".join(said(_EXIF)),
        xmp=b"".join(said(_XMP)),
        profile=_join(said(_PROFILE)),
    )


def _join(pieces: list[bytes]) -> bytes:
    """A profile out of pieces that begin with their number and how many there are.

    It is empty if one is missing.

    >>> _join([b"\\2\\2cd", b"\\1\\2ab"]), _join([b"\\2\\2cd"])
    (b'abcd', b'')
    """
    numbered = {piece[0]: piece for piece in pieces if len(piece) > 2}
    number = next(iter(numbered.values()))[1] if numbered else 0
    if sorted(numbered) != list(range(1, number + 1)):
        return b""
    return b"".join(numbered[place][2:] for place in sorted(numbered))


_RAW_EXIF, _PNG_XMP = b"Raw profile type exif", b"XML:com.adobe.xmp"


def _split_png(data: bytes) -> Parts:
    kept: list[bytes] = [PNG]
    said: dict[bytes, bytes] = {}
    for kind, chunk in _png_chunks(data):
        # A small first letter: a picture is complete without it. But for what is transparent.
        if not kind[:1].islower() or kind == b"tRNS":
            kept.append(chunk)
        else:
            name, content = _png_content(kind, chunk[8:-4])
            said.setdefault(name, content)
    gamma = chromaticities = None
    if b"sRGB" not in said:
        gamma = _hundred_thousandths(said.get(b"gAMA", b""), 1)
        chromaticities = _hundred_thousandths(said.get(b"cHRM", b""), 8)
    return Parts(
        picture=b"".join(kept),
        exif=said.get(b"eXIf", b"") or from_hexadecimal(said.get(_RAW_EXIF, b"")),
        xmp=said.get(_PNG_XMP, b""),
        profile=said.get(b"iCCP", b""),
        gamma=gamma[0] if gamma else None,
        chromaticities=chromaticities,
    )


def _png_chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    """The kind and the bytes of each chunk: length, kind, body, check value."""
    position = len(PNG)
    while position < len(data):
        end = position + 12 + int.from_bytes(data[position : position + 4], "big")
        yield data[position + 4 : position + 8], data[position:end]
        position = end


def _png_content(kind: bytes, body: bytes) -> tuple[bytes, bytes]:
    """What a chunk tells: its kind, or the keyword of a text that counts, and its content."""
    if kind not in {b"iCCP", b"tEXt", b"zTXt", b"iTXt"}:
        return kind, body
    keyword, _, content = body.partition(b"\0")
    if kind == b"iCCP":
        return kind, _inflate(content[1:])
    if keyword not in {_RAW_EXIF, _PNG_XMP}:
        # A keyword may also be the name of a chunk.
        return kind, b""
    if kind == b"zTXt":
        return keyword, _inflate(content[1:])
    if kind == b"iTXt":
        compressed = content[:1] == b"\1"
        # Between the flags and the text are a language and the keyword in it.
        content = content[2:].partition(b"\0")[2].partition(b"\0")[2]
        return keyword, _inflate(content) if compressed else content
    return keyword, content


def _inflate(data: bytes) -> bytes:
    """Decompressed; empty if it is damaged or longer than `LONGEST_TEXT`."""
    stream = zlib.decompressobj()
    try:
        content = stream.decompress(data, LONGEST_TEXT)
    except zlib.error:
        return b""
    return b"" if stream.unconsumed_tail else content


def from_hexadecimal(text: bytes) -> bytes:
    """EXIF as ImageMagick writes it: an empty line, a name, a length, and digits."""
    try:
        return bytes.fromhex(b"".join(text.split(b"\n")[3:]).decode("ascii"))
    except ValueError:
        return b""


def _hundred_thousandths(body: bytes, count: int) -> tuple[float, ...] | None:
    if len(body) < 4 * count:
        return None
    return tuple(number / 100_000 for number in struct.unpack_from(f">{count}L", body))


_WEBP_SAID = frozenset([b"EXIF", b"XMP ", b"ICCP"])
_WEBP_FLAGS = 0x20 | 0x08 | 0x04
"""Bits of the first byte of the chunk VP8X: which of them there are."""


def _split_webp(data: bytes) -> Parts:
    kept = bytearray(data[:12])
    said: dict[bytes, bytes] = {}
    position = 12
    while position + 8 <= len(data):
        kind = data[position : position + 4]
        size = int.from_bytes(data[position + 4 : position + 8], "little")
        # Bodies have an even length.
        end = position + 8 + size + size % 2
        if kind in _WEBP_SAID:
            said.setdefault(kind, data[position + 8 : position + 8 + size])
        else:
            start = len(kept) + 8
            kept += data[position:end]
            if kind == b"VP8X" and len(kept) > start:
                kept[start] &= ~_WEBP_FLAGS
        position = end
    removed = len(data) - len(kept)
    kept[4:8] = max(int.from_bytes(data[4:8], "little") - removed, 0).to_bytes(4, "little")
    exif, xmp, profile = (said.get(kind, b"") for kind in (b"EXIF", b"XMP ", b"ICCP"))
    return Parts(bytes(kept), exif, xmp, profile)


_ORIENTATION, _TIFF_XMP, _TIFF_PROFILE = 274, 700, 34675
_TIFF_PIXELS = frozenset(
    [
        # Sides, bits, compression, kind of colour, order of bits.
        *(256, 257, 258, 259, 262, 266),
        # Where strips or tiles are, samples of a pixel, rows of a strip, planes.
        *(273, 277, 278, 279, 284, 322, 323, 324, 325),
        # Fax options, predictor, palette, inks, alpha, kind of numbers.
        *(292, 293, 317, 320, 332, 338, 339),
        # Tables of JPEG, old and new; how YCbCr is meant; LERC's parameters.
        *(347, *range(512, 522), *range(529, 533), 50674),
    ]
)
"""Tags that pixels are decoded by."""


def _split_tiff(structure: tiff.Structure) -> Parts:
    entries = {entry.tag: entry for entry in reversed(list(structure.entries()))}
    kept = [entry for tag, entry in sorted(entries.items()) if tag in _TIFF_PIXELS]

    def said(tag: int) -> bytes:
        return structure.value(entries[tag]) if tag in entries else b""

    return Parts(
        picture=structure.with_directory(kept),
        exif=structure.data,
        xmp=said(_TIFF_XMP),
        profile=said(_TIFF_PROFILE),
    )
