"""The order in which the coefficients of a picture are coded.

    planes         from the most significant bit of any coefficient down
      scales       from the coarsest, the low band LL, to the finest details
        stripes    rows of a large picture, from top to bottom; others are one stripe
          groups   luma, then chroma, each in the four phases of a 2×2 lattice

A *scale* holds its coefficients as channels of one array (h, w, N): its bands of luma, then those
of both components of chroma. A *group* is a phase of one of the two. Of the current plane, its bits
are predicted from the groups before it.

    phases   0 2      so each is surrounded by earlier phases
             3 1

A group is coded in *segments* of positions, row by row. A stream may end after any segment.
"""

from typing import NamedTuple, TypeAlias

from rnn_codec.families.wavelet.lifting import BANDS, LEVELS

SCALES = LEVELS + 1
"""The number of scales: LL, then the details of all levels."""
COMPONENTS = 3
PHASES = ((0, 0), (1, 1), (0, 1), (1, 0))
"""The first row and column of each phase, which takes every second one from there."""
COLOURS = ("luma", "chroma")
PLANES = 15
"""The most bits that a magnitude may have."""
First: TypeAlias = list[list[int]]
"""The number of planes of luma and of chroma of each scale, 0 … 15."""
PREDICTIONS = 3
"""The number of predictions for each coefficient: its significance, next bit and sign."""


class Group(NamedTuple):
    """The unit that is coded at once: a phase of luma (0) or chroma (1)."""

    colour: int
    phase: int


GROUPS = tuple(
    Group(colour, phase) for colour in range(len(COLOURS)) for phase in range(len(PHASES))
)
"""The groups of a scale, in the order of coding."""


def bands(scale: int) -> int:
    """The number of bands of each component of a scale.

    >>> [bands(scale) for scale in range(SCALES)]
    [1, 3, 3, 3, 3, 3]
    """
    return len(BANDS) if scale else 1


def channels(scale: int, colour: int) -> slice:
    """The channels of luma or of chroma in a scale's array.

    >>> channels(1, 0), channels(1, 1)
    (slice(0, 3, None), slice(3, 9, None))
    """
    count = bands(scale)
    return slice(count, COMPONENTS * count) if colour else slice(0, count)


def told_before(phase: int) -> list[list[bool]]:
    """Which of the 3×3 positions around a position of a phase belong to earlier phases.

    >>> told_before(1)
    [[True, False, True], [False, False, False], [True, False, True]]
    """
    row, column = PHASES[phase]
    return [
        [PHASES.index(((row + y) % 2, (column + x) % 2)) < phase for x in (-1, 0, 1)]
        for y in (-1, 0, 1)
    ]


STRIPE_POSITIONS = 2**20
"""The most positions of a stripe, which limits memory, unless `LEAST_STRIPE` rows are more."""
LEAST_STRIPE = 64
"""The fewest rows of a stripe."""


def stripe_rows(height: int, width: int) -> int:
    """The rows of a stripe: all rows of a small scale, else an even number but for the last.

    >>> stripe_rows(256, 384), stripe_rows(3072, 4096)
    (256, 256)
    """
    if height * width <= STRIPE_POSITIONS:
        return height
    return max(STRIPE_POSITIONS // width // 2 * 2, LEAST_STRIPE)


def stripes(height: int, width: int) -> list[tuple[int, int]]:
    """The first row of each stripe, and the row after its last one."""
    rows = stripe_rows(height, width)
    return [(start, min(start + rows, height)) for start in range(0, height, rows)]


SEGMENTS = 32
"""The most segments of a group."""
LEAST_SEGMENT = 64
"""The fewest positions of a segment, except for the last one of a group."""


class Segment(NamedTuple):
    """A segment of a stream, or a stream up to that segment."""

    plane: int
    scale: int
    stripe: int
    group: int
    number: int
    """The number of the segment in its group, 0 … 31."""


def segment_length(positions: int) -> int:
    """The number of positions of a segment in a group with `positions` positions.

    >>> segment_length(100), segment_length(24576)
    (64, 768)
    """
    return max(LEAST_SEGMENT, -(-positions // SEGMENTS))


def last_segment(plane: int) -> Segment:
    """A segment after all those of a plane: it stands for a stream that ends with the plane."""
    return Segment(plane, SCALES, 0, 0, 0)
