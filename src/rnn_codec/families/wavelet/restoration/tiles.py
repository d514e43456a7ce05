"""Tiles of a picture, which a restoration network sees one at a time."""

from collections.abc import Iterator
from typing import NamedTuple, TypeAlias

from rnn_codec.families.wavelet.gains import BLOCK

WHOLE, TILE = 1024, 512
"""The longest side that is not divided, and the side of tiles where it is, so that memory does not
grow with the picture."""
MARGIN = 64
"""Pixels around a tile that the network also sees: it looks no further."""

Part: TypeAlias = tuple[slice, slice]
"""Rows and columns."""


class Tile(NamedTuple):
    """A part of a picture, and what the network sees for it.

    Attributes:
        own: the part.
        seen: the part with its margin; it begins at the corner of a block.
    """

    own: Part
    seen: Part

    @property
    def own_in_seen(self) -> Part:
        """The part, relative to the beginning of `seen`."""
        rows, columns = (
            slice(own.start - seen.start, own.stop - seen.start)
            for own, seen in zip(self.own, self.seen, strict=True)
        )
        return rows, columns

    @property
    def blocks(self) -> Part:
        """The rows and columns of blocks in `seen`."""
        rows, columns = (slice(side.start // BLOCK, -(-side.stop // BLOCK)) for side in self.seen)
        return rows, columns


def tiles(height: int, width: int) -> Iterator[Tile]:
    """Yield the tiles of a picture.

    >>> [tile.own for tile in tiles(1024, 800)]
    [(slice(0, 1024, None), slice(0, 800, None))]
    >>> len(list(tiles(1025, 800)))
    3
    """
    for rows, seen_rows in _along(height):
        for columns, seen_columns in _along(width):
            yield Tile((rows, columns), (seen_rows, seen_columns))


def _along(length: int) -> Iterator[tuple[slice, slice]]:
    """Yield the tiles along a side, without and with their margins."""
    tile = length if length <= WHOLE else TILE
    for start in range(0, length, tile):
        end = min(start + tile, length)
        yield slice(start, end), slice(max(start - MARGIN, 0), min(end + MARGIN, length))
