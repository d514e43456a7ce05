"""From pixels to integer coefficients, and back.

pixels ─ rotation, transform ─► coefficients ─ scales, steps ─► magnitudes and signs
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.colour import MIDDLE, STRIP, rotated
from rnn_codec.families.wavelet.layout import (
    COLOURS,
    COMPONENTS,
    GROUPS,
    PHASES,
    PLANES,
    SCALES,
    First,
    Segment,
    bands,
    channels,
    segment_length,
    stripes,
)
from rnn_codec.families.wavelet.lifting import (
    LEVELS,
    NORM_LL,
    NORMS,
    joined,
    sizes,
    split,
    transpose,
)
from rnn_codec.families.wavelet.rotation import Rotation
from rnn_codec.families.wavelet.workers import Workers

CENTRES = (0.0, 0.40, 0.44, 0.44, 0.48)
"""Where a coefficient is decoded to within its remaining interval, by its magnitude in units of the
interval. Small magnitudes are more often near the lower end. The last entry is for larger ones."""

Weights: TypeAlias = Sequence[NDArray[np.float32]]
"""The factors on the coefficients of each scale before they are quantised, (h, w) or ()."""
Bands: TypeAlias = Iterator[tuple[int, int, NDArray[np.float32]]]
"""The bands of a component: the scale, the number and the coefficients (h, w) of each."""
T = TypeVar("T")

_CENTRES = np.array(CENTRES, np.float32)
MOST_MAGNITUDE = (1 << PLANES) - 1
LARGE = 2**23
"""The number of pixels above which a picture's components are transformed one by one."""


@dataclass(frozen=True)
class Shape:
    """The size of a picture, and the shapes of its arrays of coefficients."""

    height: int
    width: int

    def sizes(self) -> list[tuple[int, int]]:
        """Rows and columns of each scale."""
        all_sizes = sizes(self.height, self.width)
        return [all_sizes[min(LEVELS, SCALES - scale)] for scale in range(SCALES)]

    def bands(self, scale: int) -> list[tuple[int, int]]:
        """Rows and columns of each band of a scale; some are smaller than the scale's array.

        >>> Shape(5, 4).bands(5)
        [(3, 2), (2, 2), (2, 2)]
        """
        height, width = self.sizes()[scale]
        if scale == 0:
            return [(height, width)]
        whole_height, whole_width = sizes(self.height, self.width)[LEVELS - scale]
        short_height, short_width = whole_height // 2, whole_width // 2
        return [(height, short_width), (short_height, width), (short_height, short_width)]

    def exists(self, scale: int) -> NDArray[np.bool_] | None:
        """Where the bands of a component have coefficients, (h, w, bands); None for everywhere."""
        height, width = self.sizes()[scale]
        found = np.zeros((height, width, bands(scale)), np.bool_)
        for band, (rows, columns) in enumerate(self.bands(scale)):
            found[:rows, :columns, band] = True
        return None if found.all() else found


@dataclass(frozen=True)
class Planes:
    """The integer coefficients of a picture, (h, w, N) of each scale."""

    shape: Shape
    magnitudes: list[NDArray[np.uint16]]
    negative: list[NDArray[np.bool_]]

    @classmethod
    def nothing(cls, shape: Shape) -> "Planes":
        """Return coefficients that are all zero."""
        whole = [(*size, COMPONENTS * bands(scale)) for scale, size in enumerate(shape.sizes())]
        return cls(
            shape,
            [np.zeros(size, np.uint16) for size in whole],
            [np.zeros(size, np.bool_) for size in whole],
        )

    def first(self) -> First:
        """The number of planes that hold bits, of luma and chroma of each scale."""

        def count(scale: int, colour: int) -> int:
            of_colour = self.magnitudes[scale][..., channels(scale, colour)]
            return int(of_colour.max(initial=0)).bit_length()

        return [[count(scale, colour) for colour in range(2)] for scale in range(SCALES)]


def analysed(
    pixels: NDArray[np.uint8], rotation: Rotation, weights: Weights, workers: Workers
) -> Planes:
    """The coefficients of a picture (H, W, 3), multiplied by weights and truncated to integers."""
    planes = Planes.nothing(Shape(*pixels.shape[:2]))

    def component(index: int) -> None:
        for scale, band, coefficients in _pyramid(_component(pixels, rotation, index)):
            rows, columns = coefficients.shape
            place = (slice(rows), slice(columns), index * bands(scale) + band)
            factor = weights[scale]
            here = factor[:rows, :columns] if factor.ndim else factor
            np.multiply(coefficients, here, out=coefficients)
            np.less(coefficients, 0, out=planes.negative[scale][place])
            np.abs(coefficients, out=coefficients)
            planes.magnitudes[scale][place] = np.minimum(coefficients, MOST_MAGNITUDE)

    _for_components(component, planes.shape, workers)
    return planes


def transformed(
    pixels: NDArray[np.uint8], rotation: Rotation, workers: Workers
) -> list[NDArray[np.float32]]:
    """The unquantised coefficients of a picture (H, W, 3), (h, w, N) of each scale."""

    def component(index: int) -> Bands:
        return _pyramid(_component(pixels, rotation, index))

    return _collected(component, Shape(*pixels.shape[:2]), workers)


def quantised(
    coefficients: Sequence[NDArray[np.float32]], shape: Shape, weights: Weights
) -> Planes:
    """The coefficients of `transformed`, multiplied by weights and truncated to integers."""
    weighted = [x * broad(w) for x, w in zip(coefficients, weights, strict=True)]
    magnitudes = [np.minimum(np.abs(x), MOST_MAGNITUDE).astype(np.uint16) for x in weighted]
    return Planes(shape, magnitudes, [x < 0 for x in weighted])


def broad(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """A scale's weight, shaped to multiply its array of coefficients."""
    return weight[..., None] if weight.ndim else weight


def slopes(
    of_colours: NDArray[np.float32], rotation: Rotation, workers: Workers
) -> list[NDArray[np.float32]]:
    """The gradient of a loss by coefficients, (h, w, N) of each scale.

    This is the transpose of `synthesised`.

    Args:
        of_colours: the gradient by red, green and blue of each pixel, (3, H, W).
    """

    def component(index: int) -> Bands:
        x = rotated(list(of_colours), rotation.matrix[index])
        for scale in range(SCALES - 1, 0, -1):
            x, details = split(x, transpose)
            for band, norm in enumerate(NORMS[scale - 1]):
                yield scale, band, details[band] / np.float32(norm)
        yield 0, 0, x / np.float32(NORM_LL)

    return _collected(component, Shape(*of_colours.shape[1:]), workers)


def _collected(
    component: Callable[[int], Bands], shape: Shape, workers: Workers
) -> list[NDArray[np.float32]]:
    """The bands of all components in an array (h, w, N) per scale, zero where none exist."""
    found = [
        np.zeros((*size, COMPONENTS * bands(scale)), np.float32)
        for scale, size in enumerate(shape.sizes())
    ]

    def collect(index: int) -> None:
        for scale, band, x in component(index):
            rows, columns = x.shape
            found[scale][:rows, :columns, index * bands(scale) + band] = x

    _for_components(collect, shape, workers)
    return found


def _for_components(function: Callable[[int], T], shape: Shape, workers: Workers) -> list[T]:
    """The results of a function for all components, at once or, to save memory, one by one."""
    at_once = shape.height * shape.width <= LARGE
    return (workers if at_once else Workers(1)).map(function, range(COMPONENTS))


def _component(pixels: NDArray[np.uint8], rotation: Rotation, index: int) -> NDArray[np.float32]:
    """A component (H, W) of a picture, in rotated colours."""
    x = np.empty(pixels.shape[:2], np.float32)
    for start in range(0, len(x), STRIP):
        rows = pixels[start : start + STRIP]
        colours = [rows[..., c].astype(np.float32) - np.float32(MIDDLE) for c in range(3)]
        x[start : start + STRIP] = rotated(colours, rotation.matrix[index])
    return x


def _pyramid(x: NDArray[np.float32]) -> Bands:
    """Yield the bands of a component, times their norms, from the finest scale to LL."""
    for scale in range(SCALES - 1, 0, -1):
        x, details = split(x)
        for band, norm in enumerate(NORMS[scale - 1]):
            np.multiply(details[band], np.float32(norm), out=details[band])
            yield scale, band, details[band]
    yield 0, 0, x * np.float32(NORM_LL)


def values(
    planes: Planes, first: First, segment: Segment | None, weights: Weights, component: int
) -> Iterator[NDArray[np.float32]]:
    """Yield a component's coefficients (h, w, bands), scale by scale, as decoded up to a segment.

    The coarsest scale comes first. They are yielded one by one because the finest holds most of the
    coefficients.

    Args:
        planes: coefficients with the bits of all planes, or of those that the stream has coded.
        segment: the last decoded segment; None for none.
        weights: see `analysed`.
    """
    for scale in range(SCALES):
        yield _of_scale(planes, first, segment, weights, scale, component)


def _of_scale(
    planes: Planes,
    first: First,
    segment: Segment | None,
    weights: Weights,
    scale: int,
    component: int,
) -> NDArray[np.float32]:
    count = bands(scale)
    own = slice(component * count, (component + 1) * count)
    magnitudes, negative = planes.magnitudes[scale][..., own], planes.negative[scale][..., own]
    height, width, _ = magnitudes.shape
    found = np.empty(magnitudes.shape, np.float32)
    for stripe, (start, end) in enumerate(stripes(height, width)):
        for index, group in enumerate(GROUPS):
            if group.colour != min(component, 1):
                continue
            row, column = PHASES[group.phase]
            at = (slice(start + row, end, 2), slice(column, None, 2))
            place = Segment(0, scale, stripe, index, 0)
            told = _told(first, segment, place, magnitudes[at].shape)
            found[at] = _middles(magnitudes[at], negative[at], told)
    factor = weights[scale]
    found /= factor[..., None] if factor.ndim else factor
    return found


def share_of_plane(shape: Shape, first: First, segment: Segment) -> float:
    """The share of the bits in a segment's plane that a stream up to the segment codes, 0 … 1."""
    told = all_of_plane = 0.0
    for place, positions in _groups(shape):
        colour = GROUPS[place.group].colour
        if segment.plane < first[place.scale][colour]:
            own = channels(place.scale, colour)
            coefficients = positions * (own.stop - own.start)
            all_of_plane += coefficients
            told += coefficients * _share_told(segment, place, positions)
    return told / all_of_plane


def told_planes(shape: Shape, first: First, segment: Segment | None) -> NDArray[np.float64]:
    """The plane down to which a stream up to a segment codes each scale and colour, (SCALES, 2).

    It is the mean over positions where some have one plane more than others.
    """
    sums, counts = np.zeros((2, SCALES, len(COLOURS)))
    for place, positions in _groups(shape):
        colour = GROUPS[place.group].colour
        plane: float = first[place.scale][colour]
        if segment is not None and segment.plane < plane:
            plane = segment.plane + 1 - _share_told(segment, place, positions)
        sums[place.scale, colour] += positions * plane
        counts[place.scale, colour] += positions
    # A scale without positions counts as completely coded.
    return sums / np.maximum(counts, 1)


def _groups(shape: Shape) -> Iterator[tuple[Segment, int]]:
    """Yield the first segment of each group of a plane, and the group's number of positions."""
    for scale, (height, width) in enumerate(shape.sizes()):
        for stripe, (start, end) in enumerate(stripes(height, width)):
            for index, group in enumerate(GROUPS):
                row, column = PHASES[group.phase]
                positions = len(range(start + row, end, 2)) * len(range(column, width, 2))
                yield Segment(0, scale, stripe, index, 0), positions


def _share_told(segment: Segment, place: Segment, positions: int) -> float:
    """The share of a group's positions that a stream up to `segment` codes in that plane."""
    here, until = place[1:4], segment[1:4]
    if here != until or not positions:
        return float(here <= until)
    return min((segment.number + 1) * segment_length(positions), positions) / positions


def _told(
    first: First, segment: Segment | None, place: Segment, size: tuple[int, ...]
) -> NDArray[np.uint8]:
    """The last plane decoded at each position of a group, (h, w, 1) or (1, 1, 1).

    Args:
        place: the scale, stripe and group, as a segment.
        size: rows and columns of the group's positions.
    """
    most = first[place.scale][GROUPS[place.group].colour]
    if segment is None or segment.plane >= most:
        return np.full((1, 1, 1), most, np.uint8)
    here, until = place[1:4], segment[1:4]
    if here != until:
        return np.full((1, 1, 1), segment.plane + (here > until), np.uint8)
    positions = size[0] * size[1]
    behind = np.arange(positions) >= (segment.number + 1) * segment_length(positions)
    return (segment.plane + behind).astype(np.uint8).reshape(*size[:2], 1)


def _middles(
    magnitudes: NDArray[np.uint16], negative: NDArray[np.bool_], told: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """The decoded values of coefficients whose planes down to `told` are known."""
    known = magnitudes >> told
    x = known.astype(np.float32)
    x += _CENTRES.take(np.minimum(known, len(CENTRES) - 1))
    x *= np.exp2(told, dtype=np.float32)
    np.negative(x, out=x, where=negative)
    return x


@dataclass(frozen=True)
class Synthesis:
    """The picture of some coefficients, before its pixels are rounded.

    Attributes:
        components: (H, W) each.
    """

    components: Sequence[NDArray[np.float32]]
    rotation: Rotation

    @property
    def size(self) -> tuple[int, int]:
        """Rows and columns."""
        height, width = self.components[0].shape
        return height, width

    def colours(self, rows: slice, columns: slice) -> list[NDArray[np.float32]]:
        """Red, green and blue of a part of the picture."""
        here = [component[rows, columns] for component in self.components]
        matrix = zip(*self.rotation.matrix, strict=True)
        return [rotated(here, column) + np.float32(MIDDLE) for column in matrix]

    def pixels(self, workers: Workers) -> NDArray[np.uint8]:
        """The rounded pixels of the whole picture, (H, W, 3)."""
        height, width = self.size
        found = np.empty((height, width, 3), np.uint8)

        def strip(start: int, end: int) -> None:
            part = slice(start, end)
            for colour, x in enumerate(self.colours(part, slice(None))):
                found[part, :, colour] = rounded(x)

        workers.for_strips(strip, height, width)
        return found


def rounded(x: NDArray[np.float32]) -> NDArray[np.float32]:
    """Round to whole numbers 0 … 255, in place."""
    return np.clip(np.rint(x, out=x), 0, 255, out=x)


def synthesised(
    shape: Shape,
    values: Callable[[int], Iterator[NDArray[np.float32]]],
    rotation: Rotation,
    workers: Workers,
) -> Synthesis:
    """The picture of coefficients, by the inverse transform.

    Args:
        values: a function of a component that yields its coefficients (h, w, bands) of each scale.
    """
    components = _for_components(
        lambda component: _picture(shape, values(component)), shape, workers
    )
    return Synthesis(components, rotation)


def _picture(shape: Shape, values: Iterator[NDArray[np.float32]]) -> NDArray[np.float32]:
    """One component (H, W) of a picture, from its coefficients, which are overwritten."""
    low = next(values)[..., 0] / np.float32(NORM_LL)
    all_sizes = sizes(shape.height, shape.width)
    for scale, of_scale in enumerate(values, 1):
        details = []
        for band, (rows, columns) in enumerate(shape.bands(scale)):
            details.append(x := of_scale[:rows, :columns, band])
            np.divide(x, np.float32(NORMS[scale - 1][band]), out=x)
        low = joined(np.empty(all_sizes[LEVELS - scale], np.float32), low, details)
    return low
