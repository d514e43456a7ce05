"""In which order the coefficients of a picture are coded.

    planes         from the most significant bit of any coefficient down
      scales       from the coarsest, the low band LL, to the finest details
        stripes    rows of a large picture, from above; all rows of others
          groups   luma, then chroma, each in the four phases of a 2×2 lattice

A *scale* holds its coefficients as channels of one array (h, w, N): its bands of luma, then those
of both components of chroma. A *group* is a phase of one of the two: what its bits are told of this
plane are the groups before it.

    phases   0 2      so each is surrounded by phases before it
             3 1

A group is coded in *segments* of positions, row by row. A stream may end after any segment.
"""

from typing import NamedTuple, TypeAlias

from rnn_codec.families.wavelet.lifting import BANDS, LEVELS

SCALES = LEVELS + 1
"""LL, then the details of all levels."""
COMPONENTS = 3
PHASES = ((0, 0), (1, 1), (0, 1), (1, 0))
"""Rows and columns where they begin; every other one belongs to them."""
COLOURS = ("luma", "chroma")
PLANES = 15
"""Bits that a magnitude may have."""
First: TypeAlias = list[list[int]]
"""How many planes luma and chroma of each scale have, 0 … 15."""
PREDICTIONS = 3
"""Numbers that the prior gives for each coefficient: for its significance, next bit, sign."""


class Group(NamedTuple):
    """What is coded at once: a phase of luma (0) or chroma (1)."""

    colour: int
    phase: int


GROUPS = tuple(
    Group(colour, phase) for colour in range(len(COLOURS)) for phase in range(len(PHASES))
)
"""Of a scale, in their order."""


def bands(scale: int) -> int:
    """Of each component.

    >>> [bands(scale) for scale in range(SCALES)]
    [1, 3, 3, 3, 3, 3]
    """
    return len(BANDS) if scale else 1


def channels(scale: int, colour: int) -> slice:
    """Of a scale's array, those of luma or of chroma.

    >>> channels(1, 0), channels(1, 1)
    (slice(0, 3, None), slice(3, 9, None))
    """
    count = bands(scale)
    return slice(count, COMPONENTS * count) if colour else slice(0, count)


def told_before(phase: int) -> list[list[bool]]:
    """Which of the 3×3 positions around one of a phase belong to phases before it.

    >>> told_before(1)
    [[True, False, True], [False, False, False], [True, False, True]]
    """
    row, column = PHASES[phase]
    return [
        [PHASES.index(((row + y) % 2, (column + x) % 2)) < phase for x in (-1, 0, 1)]
        for y in (-1, 0, 1)
    ]


STRIPE_POSITIONS = 2**20
"""Of a stripe, at most, but for the rows of very wide pictures: what is in memory at once."""
LEAST_STRIPE = 64
"""Rows of a stripe, at least."""


def stripe_rows(height: int, width: int) -> int:
    """Rows of the stripes of a scale of so many rows and columns, even; the last has what is left.

    >>> stripe_rows(256, 384), stripe_rows(3072, 4096)
    (256, 256)
    """
    if height * width <= STRIPE_POSITIONS:
        return height
    return max(STRIPE_POSITIONS // width // 2 * 2, LEAST_STRIPE)


def stripes(height: int, width: int) -> list[tuple[int, int]]:
    """The first row of each stripe, and the last plus one."""
    rows = stripe_rows(height, width)
    return [(start, min(start + rows, height)) for start in range(0, height, rows)]


SEGMENTS = 32
"""Of a group, at most."""
LEAST_SEGMENT = 64
"""Positions of a segment, but for the last of a group."""


class Segment(NamedTuple):
    """A segment, and all before it: how far a stream goes."""

    plane: int
    scale: int
    stripe: int
    group: int
    number: int
    """In its group, 0 … 31."""


def segment_length(positions: int) -> int:
    """Positions of a segment in a group of so many.

    >>> segment_length(100), segment_length(24576)
    (64, 768)
    """
    return max(LEAST_SEGMENT, -(-positions // SEGMENTS))


def last_segment(plane: int) -> Segment:
    """One with which, or behind which, every stream of a plane ends."""
    return Segment(plane, SCALES, 0, 0, 0)
