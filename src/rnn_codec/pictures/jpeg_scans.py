"""Counts the bits of the pixels in a JPEG's scan by its Huffman codes [ITU-T T.81, F.2, G.2].

Values are skipped, except for those that determine how many bits follow: the positions of nonzero
coefficients.
"""

from array import array
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

import numpy as np

COEFFICIENTS = 64

Table: TypeAlias = list[int]
"""Maps the next 16 bits to a symbol plus 256 times the length of its code."""

_ALL_RUNS = 15
"""Run in a symbol without value: it means sixteen zeros. Smaller runs end one block or more."""


class NoCodeError(LookupError):
    """The bits are not a valid code."""


def huffman_table(counts: Sequence[int], symbols: Sequence[int]) -> Table:
    """The table of a Huffman code; `counts` are the numbers of codes with 1 … 16 bits.

    Raises:
        NoCodeError: there are more codes than bits allow.

    >>> table = huffman_table([0, 1, 2, *[0] * 13], [7, 8, 9])
    >>> [divmod(table[int(bits.ljust(16, "0"), 2)], 256) for bits in ("00", "010", "011")]
    [(2, 7), (3, 8), (3, 9)]
    """
    lengths = [length for length, count in enumerate(counts, 1) for _ in range(count)]
    table: Table = []
    for length, symbol in zip(lengths, symbols, strict=False):
        table += [256 * length + symbol] * 2 ** (16 - length)
    if len(table) > 2**16:
        raise NoCodeError
    return table


class _Bits:
    """The bits of a piece of a scan, and the current position, which may lie beyond the end."""

    def __init__(self, data: bytes) -> None:
        stored = np.frombuffer(data.replace(b"\xff\0", b"\xff") + b"\0\0", np.uint8)
        upper, middle, lower = (
            part.astype(np.uint32) for part in (stored[:-2], stored[1:-1], stored[2:])
        )
        self.windows = array("I", (upper << 16 | middle << 8 | lower).astype(np.uintc).tobytes())
        self.position = 0

    def next_16(self) -> int:
        """The next 16 bits, with zeros after the last; IndexError if none are left."""
        return self.windows[self.position >> 3] >> (8 - (self.position & 7)) & 0xFFFF

    def symbol(self, table: Table) -> int:
        entry = table[self.next_16()]
        self.position += entry >> 8
        return entry & 0xFF

    def number(self, length: int) -> int:
        if not length:
            return 0
        number = self.next_16() >> (16 - length)
        self.position += length
        return number

    @property
    def are_used_up(self) -> bool:
        """Whether the bits were enough, and less than a byte is left."""
        return 0 <= 8 * len(self.windows) - self.position < 8


@dataclass(frozen=True)
class Component:
    """A component of a frame.

    Attributes:
        in_unit: number of its blocks in a unit (MCU) of all components.
        units: number of units of all components.
        blocks: number of its blocks in a scan of this component alone.
        nonzero: for each of these blocks, the coefficients that are nonzero so far, as bits.
    """

    in_unit: int
    units: int
    blocks: int
    nonzero: dict[int, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Scan:
    """A scan: coefficients first … last of some components, or one more bit of them.

    Attributes:
        components: at least one component.
        dc: the Huffman table of each component for the first coefficient.
        ac: the Huffman table of each component for the other coefficients.
        first: place of the first coefficient in zigzag order.
        last: place of the last coefficient, which belongs to the scan.
        is_first: whether no earlier scan contained these coefficients.
        is_last: whether they are complete after this scan.
        is_progressive: whether a block is spread over several scans.
    """

    components: list[Component]
    dc: list[Table]
    ac: list[Table]
    first: int
    last: int
    is_first: bool
    is_last: bool
    is_progressive: bool

    @property
    def brought(self) -> range:
        """The coefficients that this scan completes."""
        if not self.is_progressive:
            return range(COEFFICIENTS)
        return range(self.first, self.last + 1) if self.is_last else range(0)

    def is_whole(self, pieces: Sequence[bytes], interval: int) -> bool:
        """Whether the pieces contain all bits of the scan, and nothing else.

        Args:
            pieces: the data between restart markers.
            interval: units between two restart markers; 0 if there are none.

        Raises:
            LookupError: the bits are not valid codes, or a table is missing.
        """
        is_alone = len(self.components) == 1
        units = self.components[0].blocks if is_alone else self.components[0].units
        for start in range(0, units, interval or units):
            if not pieces:
                return False
            piece, *pieces = pieces
            bits = _Bits(piece)
            self._pass_over(bits, range(start, min(start + (interval or units), units)))
            if not bits.are_used_up:
                return False
        return not pieces

    def _pass_over(self, bits: _Bits, units: range) -> None:
        if self.is_progressive and self.first:
            pass_over = _new_coefficients if self.is_first else _finer_coefficients
            pass_over(bits, self, units)
            return
        counts = [component.in_unit for component in self.components]
        counts = [1] if len(counts) == 1 else counts
        if self.is_progressive and not self.is_first:
            bits.position += len(units) * sum(counts)
            return
        tables = list(zip(self.dc, self.ac, counts, strict=True))
        in_unit = [(dc, ac) for dc, ac, count in tables for _ in range(count)]
        for _ in units:
            for dc, ac in in_unit:
                length = bits.symbol(dc)
                bits.position += length
                if not self.is_progressive:
                    _rest_of_block(bits, ac)


def _rest_of_block(bits: _Bits, table: Table) -> None:
    place = 1
    while place < COEFFICIENTS:
        zeros, length = divmod(bits.symbol(table), 16)
        if not length and zeros != _ALL_RUNS:
            return
        bits.position += length
        place += zeros + 1


def _new_coefficients(bits: _Bits, scan: Scan, units: range) -> None:
    (component,), (table,) = scan.components, scan.ac
    ended = 0
    for unit in units:
        if ended:
            ended -= 1
            continue
        place, nonzero = scan.first, 0
        while place <= scan.last:
            zeros, length = divmod(bits.symbol(table), 16)
            if not length and zeros != _ALL_RUNS:
                ended = (1 << zeros) - 1 + bits.number(zeros)
                break
            place += zeros
            nonzero |= (length > 0) << place
            bits.position += length
            place += 1
        if nonzero:
            component.nonzero[unit] = component.nonzero.get(unit, 0) | nonzero


def _finer_coefficients(bits: _Bits, scan: Scan, units: range) -> None:
    """Skip a refinement: each coefficient passed that was nonzero before takes one bit."""
    (component,), (table,) = scan.components, scan.ac
    ended = 0
    for unit in units:
        place, nonzero = scan.first, component.nonzero.get(unit, 0)
        while not ended and place <= scan.last:
            zeros, length = divmod(bits.symbol(table), 16)
            if not length and zeros != _ALL_RUNS:
                ended = (1 << zeros) + bits.number(zeros)
                break
            bits.position += length
            while place <= scan.last and (zeros or nonzero >> place & 1):
                is_nonzero = nonzero >> place & 1
                bits.position += is_nonzero
                zeros -= 1 - is_nonzero
                place += 1
            nonzero |= (length > 0) << place
            place += 1
        if ended:
            band = (1 << scan.last + 1) - (1 << place)
            bits.position += (nonzero & band).bit_count()
            ended -= 1
        if nonzero:
            component.nonzero[unit] = nonzero
