"""The first directory of a TIFF structure, which TIFF files and EXIF blocks are.

Nothing is taken on trust: a directory that is cut off ends early, and no offset is followed but for
the value that is asked for.
"""

import struct
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

UNITS = {
    **{1: "B", 2: "s", 3: "H", 4: "L", 5: "LL", 6: "b", 7: "B", 8: "h", 9: "l", 10: "ll"},
    **{11: "f", 12: "d", 13: "L", 16: "Q", 17: "q", 18: "Q"},
}
"""What a value consists of, by the number of its type, as `struct` writes it."""


class Entry(NamedTuple):
    """One line of a directory.

    Attributes:
        tag: what it is about.
        kind: type of its value.
        units: how many it claims to have.
        record: the bytes of the line; a value that fits is among them.
    """

    tag: int
    kind: int
    units: int
    record: bytes


@dataclass(frozen=True)
class Structure:
    """A TIFF structure.

    Attributes:
        data: the whole of it.
        order: of bytes: < or >.
        big: whether it is a BigTIFF, of numbers twice as long.
    """

    data: bytes
    order: str
    big: bool

    @property
    def header_bytes(self) -> int:
        """Length of what stands before the offset of the first directory, and of that offset."""
        return 16 if self.big else 8

    def entries(self) -> Iterator[Entry]:
        """The lines of the first directory, as far as they are there."""
        line, number = ("HHQ8s", "Q") if self.big else ("HHL4s", "H")
        try:
            (start,) = self._unpack("Q" if self.big else "L", self.header_bytes // 2)
            (lines,) = self._unpack(number, start)
            start += struct.calcsize(self.order + number)
            for _ in range(lines):
                tag, kind, units, _ = self._unpack(line, start)
                end = start + struct.calcsize(self.order + line)
                yield Entry(tag, kind, units, self.data[start:end])
                start = end
        except (struct.error, OverflowError):
            return

    def value(self, entry: Entry) -> bytes:
        """The bytes of a value, as far as they are there."""
        field = entry.record[12:] if self.big else entry.record[8:]
        unit = UNITS.get(entry.kind, "")
        size = struct.calcsize(self.order + unit) * entry.units
        if size <= len(field):
            return field[:size]
        (start,) = struct.unpack(self.order + ("Q" if self.big else "L"), field)
        return self.data[start : start + size]

    def with_directory(self, entries: list[Entry]) -> bytes:
        """The same structure with a first directory of these entries alone, at its end."""
        number, offset = ("Q", "Q") if self.big else ("H", "L")
        changed = bytearray(self.data)
        # Directories begin at even places.
        changed += bytes(len(changed) % 2)
        place = struct.pack(self.order + offset, len(changed))
        changed[self.header_bytes - len(place) : self.header_bytes] = place
        changed += struct.pack(self.order + number, len(entries))
        changed += b"".join(entry.record for entry in entries) + bytes(len(place))
        return bytes(changed)

    def _unpack(self, form: str, start: int) -> tuple:
        return struct.unpack_from(self.order + form, self.data, start)


def structure(data: bytes) -> Structure | None:
    """Bytes as a TIFF structure; None for what is none."""
    order = {b"II": "<", b"MM": ">"}.get(data[:2])
    version = data[2:4].strip(b"\0")
    if order is None or version not in {b"*", b"+"}:
        return None
    return Structure(data, order, big=version == b"+")
