"""The directories of a TIFF file, and which of them holds its picture [TIFF 6.0; BigTIFF].

header ──> page ──> page …        a directory points to the next, and to sub-directories, which
            └──> sub-directory …  may do so too [Adobe TIFF Technical Note 1]
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from math import inf
from typing import NamedTuple

import numpy as np

HEADS: Mapping[bytes, tuple[str, bool]] = {
    b"II*\0": ("<", False),
    b"MM\0*": (">", False),
    b"II+\0": ("<", True),
    b"MM\0+": (">", True),
    # Wrong, but Pillow reads them.
    b"II\0*": ("<", False),
    b"MM*\0": (">", False),
}
"""Beginnings of files, with the byte order, and whether the file is a BigTIFF."""

NEW_SUBFILE_TYPE, SUBFILE_TYPE, WIDTH, HEIGHT, PHOTOMETRIC, SUB_IFDS = 254, 255, 256, 257, 262, 330

_PAGE_OF_MANY = 2
"""The bit of NewSubfileType for a page of many: such a page may still be in full size."""
_REDUCED = 2
"""The SubfileType of a picture in reduced resolution."""
_MASK = 4

BYTE, SHORT, LONG, LONG8 = 1, 3, 4, 16
_UNITS = {
    **dict.fromkeys((BYTE, 2, 6, 7), 1),
    **dict.fromkeys((SHORT, 8), 2),
    **dict.fromkeys((LONG, 5, 9, 10, 11, 13), 4),
    **dict.fromkeys((12, LONG8, 17, 18), 8),
}
"""Types, and the bytes of the units that the byte order applies to."""
_PAIRS = frozenset([5, 10])
"""Types of fractions."""
_NUMBERS = frozenset([BYTE, SHORT, LONG, 13, LONG8, 18])
"""Types of integers that count or point."""
_LONGS = {LONG8: LONG, 17: 9, 18: 13}
"""Types that only a BigTIFF has, and the corresponding types of half the size."""

MOST_DIRECTORIES, MOST_LINES = 1024, 4096
"""Files with more are damaged, or made to keep a reader busy."""


class Field(NamedTuple):
    """The entry of a tag: the type of the values, their number, and their place in the file."""

    type: int
    number: int
    place: int


class Values(NamedTuple):
    """The values of a tag: their type, and their bytes."""

    type: int
    raw: bytes


@dataclass(frozen=True)
class Directory:
    """One directory of a file.

    Attributes:
        data: the file.
        order: byte order, "<" or ">".
        fields: the fields, by tag.
        following: where the next directory begins; 0 if there is none.
    """

    data: bytes = field(repr=False)
    order: str
    fields: Mapping[int, Field]
    following: int

    def numbers(self, tag: int) -> tuple[int, ...]:
        """The whole numbers under a tag; empty if it is absent, cut off or of another type."""
        kind, raw = self.values(tag)
        if kind not in _NUMBERS:
            return ()
        return tuple(np.frombuffer(raw, f"{self.order}u{_UNITS[kind]}").tolist())

    def number(self, tag: int, default: int) -> int:
        """The first whole number under a tag, or `default`."""
        return next(iter(self.numbers(tag)), default)

    def fractions(self, tag: int) -> tuple[float, ...]:
        """The fractions under a tag; empty if it is absent, cut off or of another type."""
        kind, raw = self.values(tag)
        if kind not in _PAIRS:
            return ()
        above, below = np.frombuffer(raw, f"{self.order}u4").reshape(-1, 2).T.tolist()
        return tuple(
            over / under if under else inf for over, under in zip(above, below, strict=True)
        )

    def values(self, tag: int) -> Values:
        """The values under a tag as in the file; without bytes if some of them are missing."""
        kind, count, place = self.fields.get(tag, Field(BYTE, 0, 0))
        size = count * _UNITS[kind] * (1 + (kind in _PAIRS))
        return Values(
            kind, self.data[place : place + size] if place + size <= len(self.data) else b""
        )

    def classic_values(self, tag: int, order: str) -> Values:
        """The values under a tag in the types of a classic TIFF, in a given byte order.

        There are no bytes if a number needs more than 32 bits.
        """
        kind, raw = self.values(tag)
        unit = _UNITS[kind]
        numbers = np.frombuffer(raw, f"{self.order}u{unit}")
        if kind in _LONGS:
            kind, unit = _LONGS[kind], 4
            numbers = numbers if numbers.max(initial=0) < 2**32 else numbers[:0]
        return Values(kind, numbers.astype(f"{order}u{unit}").tobytes())

    @property
    def area(self) -> int:
        """Number of pixels; 0 if no size is given."""
        return self.number(WIDTH, 0) * self.number(HEIGHT, 0)

    @property
    def is_full_size(self) -> bool:
        """Whether it is a picture of its own, not a preview, a mask or a depth map of another."""
        kind = self.number(NEW_SUBFILE_TYPE, 0) & ~_PAGE_OF_MANY
        is_mask = self.number(PHOTOMETRIC, 0) == _MASK
        return not kind and self.number(SUBFILE_TYPE, 0) != _REDUCED and not is_mask


def is_tiff(data: bytes) -> bool:
    """Whether a file, or a block of EXIF, begins as TIFF files do."""
    return data[:4] in HEADS


def picture_and_first(data: bytes) -> tuple[Directory, Directory]:
    """The directory that holds the picture of a TIFF file, and the first one.

    - The picture is in the first page that contains one in full size, according to NewSubfileType
      and SubfileType, itself or in a sub-directory. Of several such directories in a page, the
      largest is used, the first of equals: some previews are not marked as previews.
    - A directory that is marked as a preview is used if the file contains nothing else.

    Raises:
        ValueError: there is no directory, or there are only previews.
    """
    found: list[Directory] = []
    for page in _pages(data):
        found += page
        in_full_size = [directory for directory in page if directory.is_full_size]
        if in_full_size:
            return max(in_full_size, key=lambda directory: directory.area), found[0]
    if not found:
        raise ValueError("it is not a complete TIFF file")
    first = found[0]
    if len(found) == 1 and not first.following and not first.numbers(SUB_IFDS):
        return first, first
    raise ValueError(
        "it contains previews or masks of a picture, but not the picture in full size: save it "
        "again"
    )


def first_directory(data: bytes) -> Directory | None:
    """The first directory of a TIFF structure; None if it cannot be read."""
    order, is_big = HEADS[data[:4]]
    return _directory(data, order, is_big, _start(data))


def _pages(data: bytes) -> Iterator[list[Directory]]:
    """All pages, each with all its sub-directories; no directory is read twice."""
    order, is_big = HEADS[data[:4]]
    seen: set[int] = set()

    def chain(start: int) -> Iterator[Directory]:
        while start and start not in seen and len(seen) < MOST_DIRECTORIES:
            seen.add(start)
            directory = _directory(data, order, is_big, start)
            if directory is None:
                return
            yield directory
            start = directory.following

    for page in chain(_start(data)):
        family = [page]
        # The list grows during the loop.
        for member in family:
            for below in member.numbers(SUB_IFDS):
                family += chain(below)
        yield family


def _start(data: bytes) -> int:
    order, is_big = HEADS[data[:4]]
    return _unpacked(order + ("Q" if is_big else "L"), data, 8 if is_big else 4)


def _directory(data: bytes, order: str, is_big: bool, start: int) -> Directory | None:
    """The directory at a place; None if it cannot be read."""
    line = struct.Struct(order + ("HHQ8s" if is_big else "HHL4s"))
    number_format, pointer = (order + "Q", order + "Q") if is_big else (order + "H", order + "L")
    first = start + struct.calcsize(number_format)
    number = _unpacked(number_format, data, start)
    fields: dict[int, Field] = {}
    for place in range(first, first + line.size * min(number, MOST_LINES), line.size):
        if place + line.size > len(data):
            break
        tag, kind, count, value = line.unpack_from(data, place)
        if kind in _UNITS:
            size = count * _width(kind)
            within = place + line.size - len(value)
            at = within if size <= len(value) else struct.unpack(pointer, value)[0]
            fields.setdefault(tag, Field(kind, count, at))
    following = _unpacked(pointer, data, first + line.size * number)
    return Directory(data, order, fields, following) if fields else None


def _width(kind: int) -> int:
    """The size of a value of a type, in bytes."""
    return _UNITS[kind] * (2 if kind in _PAIRS else 1)


def _unpacked(number_format: str, data: bytes, place: int) -> int:
    """The number at a place in the file; 0 beyond its end."""
    if place + struct.calcsize(number_format) > len(data):
        return 0
    return int(struct.unpack_from(number_format, data, place)[0])


def numbers(order: str, kind: int, *values: int) -> Values:
    """Whole numbers as values to write.

    >>> numbers(">", SHORT, 8, 8)
    Values(type=3, raw=b'\\x00\\x08\\x00\\x08')
    """
    return Values(kind, np.array(values, f"{order}u{_UNITS[kind]}").tobytes())


def with_directory(data: bytes, order: str, lines: Mapping[int, Values]) -> bytes:
    """A TIFF file with one directory, which is appended to `data` with its values.

    Args:
        data: a file; its content from byte 8 on stays in place.
        lines: values by tag; those without bytes are left out.

    >>> with_directory(b"", ">", {256: numbers(">", LONG, 5)}).hex(" ", 4)
    '4d4d 002a0000 00080001 01000004 00000001 00000005 00000000'
    """
    # Directories begin at even offsets.
    body = [data[8:], bytes(len(data) % 2)]
    start = max(len(data), 8) + len(data) % 2
    kept = {tag: values for tag, values in sorted(lines.items()) if values.raw}
    beyond = start + 2 + 12 * len(kept) + 4
    directory, tail = struct.pack(order + "H", len(kept)), b""
    for tag, (kind, raw) in kept.items():
        count = len(raw) // _width(kind)
        at = raw.ljust(4, b"\0")
        if len(raw) > 4:
            at = struct.pack(order + "L", beyond + len(tail))
            tail += raw + bytes(len(raw) % 2)
        directory += struct.pack(order + "HHL4s", tag, kind, count, at)
    head = (b"II*\0" if order == "<" else b"MM\0*") + struct.pack(order + "L", start)
    return b"".join([head, *body, directory, bytes(4), tail])
