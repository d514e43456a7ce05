"""The wavelet transform of Cohen, Daubechies and Feauveau, 9/7, by lifting [Daubechies 1998].

A signal is split into its even and its odd samples. Each lifting step adds a prediction from one
half to the other, so the inverse takes the same steps backwards with opposite signs. Signals of any
length are extended by reflection at both ends; a signal of a single sample is left unchanged.

    columns, rows ──► LL │ HL        the next level splits LL again
                      ───┼───
                      LH │ HH

Arrays are of NumPy or PyTorch, and both compute identical numbers: every sample comes from sums and
products of two numbers in a fixed order, whose results IEEE 754 determines completely.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

Array: TypeAlias = Any
"""float32 (..., H, W), of NumPy or PyTorch."""

LEVELS = 5
"""The number of levels of a pyramid."""
BANDS = ("HL", "LH", "HH")
"""Details of a level: high frequencies along rows, along columns, along both."""

STEPS = (-1.586134342059924, -0.052980118572961, 0.882911075530934, 0.443506852043971)
"""The weights of the lifting steps: to the odd samples, to the even ones, and so on."""
GAIN = 1.149604398860241
"""The factor on the low band after the lifting steps; the high band's is its inverse.

A level doubles a constant picture."""

NORM_LL = 1.0602
NORMS = (
    (1.0729, 1.0729, 1.0858),
    (1.0668, 1.0668, 1.0751),
    (1.0458, 1.0458, 1.0396),
    (0.9984, 0.9984, 0.9672),
    (1.0113, 1.0113, 1.0404),
)
"""The norm of the picture of a unit coefficient of each band, from the coarsest level on."""


AT_ONCE = 2**20
"""Samples of a picture that are transformed at once."""


def analyse(x: Array, axis: int) -> None:
    """Turn samples into bands along an axis, in place: even samples are low, odd ones high.

    The low band has one more sample if the length is odd.
    """
    if x.shape[axis] == 1:
        return
    for index, weight in enumerate(STEPS):
        _lift(x, axis, 1 - index % 2, weight)
    x[_place(axis, slice(0, None, 2))] *= GAIN
    x[_place(axis, slice(1, None, 2))] *= 1 / GAIN


def synthesise(x: Array, axis: int) -> None:
    """Undo `analyse`."""
    if x.shape[axis] == 1:
        return
    x[_place(axis, slice(0, None, 2))] *= 1 / GAIN
    x[_place(axis, slice(1, None, 2))] *= GAIN
    for index, weight in reversed(list(enumerate(STEPS))):
        _lift(x, axis, 1 - index % 2, -weight)


def transpose(x: Array, axis: int) -> None:
    """Apply the transpose of `synthesise`, in place: gradients of samples become those of bands.

    Reflection counts the samples at the ends once and those between twice. With these weights every
    lifting step is the transpose of the step in the other direction.
    """
    if x.shape[axis] == 1:
        return
    ends = x[_place(axis, slice(0, None, x.shape[axis] - 1))]
    ends *= 2
    for index, weight in enumerate(STEPS):
        _lift(x, axis, index % 2, -weight)
    x[_place(axis, slice(0, None, 2))] *= 1 / GAIN
    x[_place(axis, slice(1, None, 2))] *= GAIN
    ends *= 0.5


def split(x: Array, along: Callable[[Array, int], None] = analyse) -> tuple[Array, list[Array]]:
    """Compute one level: the picture at half its size, and its details HL, LH, HH.

    The samples of `x` are overwritten: details are views of them.

    Args:
        along: the function that turns samples into bands along an axis; `transpose` for the
            transpose of `joined`.
    """
    for lines in _some_lines(x, -1):
        along(lines, -1)
    for lines in _some_lines(x, -2):
        along(lines, -2)
    low, details = x[..., 0::2, 0::2], [x[..., 0::2, 1::2], x[..., 1::2, 0::2], x[..., 1::2, 1::2]]
    return low + 0, details


def joined(x: Array, low: Array, details: Sequence[Array]) -> Array:
    """Undo `split`: overwrite `x`, which has the size of the level, and return it."""
    hl, lh, hh = details
    x[..., 0::2, 0::2], x[..., 0::2, 1::2] = low, hl
    x[..., 1::2, 0::2], x[..., 1::2, 1::2] = lh, hh
    for lines in _some_lines(x, -2):
        synthesise(lines, -2)
    for lines in _some_lines(x, -1):
        synthesise(lines, -1)
    return x


def sizes(height: int, width: int) -> list[tuple[int, int]]:
    """The size of the picture at each level, from full size to the size of LL.

    >>> sizes(5, 64)
    [(5, 64), (3, 32), (2, 16), (1, 8), (1, 4), (1, 2)]
    """
    found = [(height, width)]
    for _ in range(LEVELS):
        found.append((-(-found[-1][0] // 2), -(-found[-1][1] // 2)))
    return found


def _lift(x: Array, axis: int, parity: int, weight: float) -> None:
    """Add to the even (0) or odd (1) samples the sum of both neighbours, times `weight`."""

    def at(start: int, count: int) -> Array:
        return x[_place(axis, slice(start, start + 2 * count, 2))]

    length = x.shape[axis]
    both, first = (length - 1 - (parity == 0)) // 2, 1 if parity else 2
    target = at(first, both)
    neighbours = at(first - 1, both) + at(first + 1, both)
    neighbours *= weight
    target += neighbours
    # Ends are reflected: their only neighbour counts twice.
    if parity == 0:
        start = at(0, 1)
        start += (at(1, 1) + at(1, 1)) * weight
    if (length - 1) % 2 == parity and length - 1 >= first:
        end = at(length - 1, 1)
        end += (at(length - 2, 1) + at(length - 2, 1)) * weight


def _some_lines(x: Array, axis: int) -> Iterator[Array]:
    """Yield views of lines along an axis, a few at a time, so that temporary arrays are small."""
    across = -3 - axis
    count = max(AT_ONCE // x.shape[axis], 1)
    for start in range(0, x.shape[across], count):
        yield x[_place(across, slice(start, start + count))]


def _place(axis: int, samples: slice) -> tuple[Any, ...]:
    """The index of some samples along an axis, -1 or -2."""
    return (..., samples) if axis == -1 else (..., samples, slice(None))
