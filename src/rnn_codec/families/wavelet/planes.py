"""The coefficients of a picture in integers, and back to pixels.

pixels ─ rotation, transform ─► coefficients ─ scales, steps ─► magnitudes and signs
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.colour import MIDDLE, rotated
from rnn_codec.families.wavelet.layout import (
    COMPONENTS,
    GROUPS,
    PHASES,
    PLANES,
    SCALES,
    First,
    Group,
    Run,
    bands,
    channels,
    run_length,
)
from rnn_codec.families.wavelet.lifting import LEVELS, NORM_LL, NORMS, joined, sizes, split
from rnn_codec.families.wavelet.rotation import Rotation
from rnn_codec.families.wavelet.workers import Workers

CENTRE = 0.46
"""Where a coefficient is taken to lie in the interval that its bits leave."""

Weights: TypeAlias = Sequence[NDArray[np.float32]]
"""What the coefficients of each scale are multiplied by before they are rounded, (h, w) or ()."""
MOST_MAGNITUDE = (1 << PLANES) - 1


@dataclass(frozen=True)
class Shape:
    """Of the arrays of coefficients of a picture."""

    height: int
    width: int

    def sizes(self) -> list[tuple[int, int]]:
        """Rows and columns of each scale."""
        all_sizes = sizes(self.height, self.width)
        return [all_sizes[min(LEVELS, SCALES - scale)] for scale in range(SCALES)]

    def bands(self, scale: int) -> list[tuple[int, int]]:
        """Rows and columns of each band of a scale, from its first: others end earlier.

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
        """Where the bands of a component have a coefficient, (h, w, bands); None: everywhere."""
        height, width = self.sizes()[scale]
        found = np.zeros((height, width, bands(scale)), np.bool_)
        for band, (rows, columns) in enumerate(self.bands(scale)):
            found[:rows, :columns, band] = True
        return None if found.all() else found


@dataclass(frozen=True)
class Planes:
    """Coefficients in integers: (h, w, N) of each scale."""

    shape: Shape
    magnitudes: list[NDArray[np.uint16]]
    negative: list[NDArray[np.bool_]]

    @classmethod
    def nothing(cls, shape: Shape) -> "Planes":
        """Zeros."""
        whole = [(*size, COMPONENTS * bands(scale)) for scale, size in enumerate(shape.sizes())]
        return cls(
            shape,
            [np.zeros(size, np.uint16) for size in whole],
            [np.zeros(size, np.bool_) for size in whole],
        )

    def first(self) -> First:
        """How many planes hold bits."""

        def count(scale: int, colour: int) -> int:
            of_colour = self.magnitudes[scale][..., channels(scale, colour)]
            return int(of_colour.max(initial=0)).bit_length()

        return [[count(scale, colour) for colour in range(2)] for scale in range(SCALES)]


def analysed(
    pixels: NDArray[np.uint8], rotation: Rotation, weights: Weights, workers: Workers
) -> Planes:
    """The coefficients of a picture (H, W, 3), multiplied by weights and cut to integers."""
    planes = Planes.nothing(Shape(*pixels.shape[:2]))

    def component(index: int) -> None:
        colours = [pixels[..., c].astype(np.float32) - np.float32(MIDDLE) for c in range(3)]
        x = rotated(colours, rotation.matrix[index])
        del colours
        for scale, of_scale in enumerate(_pyramid(x)):
            for band, coefficients in enumerate(of_scale):
                rows, columns = coefficients.shape
                place = (slice(rows), slice(columns), index * bands(scale) + band)
                factor = weights[scale]
                scaled = coefficients * (factor[:rows, :columns] if factor.ndim else factor)
                planes.negative[scale][place] = scaled < 0
                planes.magnitudes[scale][place] = np.minimum(np.abs(scaled), MOST_MAGNITUDE)

    workers.map(component, range(COMPONENTS))
    return planes


def _pyramid(x: NDArray[np.float32]) -> Iterator[list[NDArray[np.float32]]]:
    """The bands of each scale, LL first, times their norms."""
    found = []
    for level in range(LEVELS):
        x, details = split(x)
        norms = NORMS[LEVELS - 1 - level]
        found.append([d * np.float32(norm) for d, norm in zip(details, norms, strict=True)])
    yield [x * np.float32(NORM_LL)]
    yield from reversed(found)


def values(
    planes: Planes, first: First, run: Run | None, weights: Weights, workers: Workers
) -> list[NDArray[np.float32]]:
    """The coefficients (h, w, N) of each scale, as a stream up to a run tells them.

    Args:
        planes: magnitudes of all planes, or of those that the stream has told.
        run: None for nothing.
        weights: as of `analysed`.
    """

    def of_scale(scale: int) -> NDArray[np.float32]:
        magnitudes, negative = planes.magnitudes[scale], planes.negative[scale]
        found = np.empty(magnitudes.shape, np.float32)
        for group in GROUPS:
            row, column = PHASES[group.phase]
            at = (slice(row, None, 2), slice(column, None, 2), channels(scale, group.colour))
            told = _told(first, run, scale, group, magnitudes[at].shape)
            found[at] = _middles(magnitudes[at], negative[at], told)
        factor = weights[scale]
        found /= factor[..., None] if factor.ndim else factor
        return found

    return workers.map(of_scale, range(SCALES))


def share_of_plane(shape: Shape, first: First, run: Run) -> float:
    """How many of the coefficients that have a bit in the plane of a run are told it, 0 … 1."""
    told = all_of_plane = 0
    for scale, (height, width) in enumerate(shape.sizes()):
        for index, group in enumerate(GROUPS):
            if run.plane >= first[scale][group.colour]:
                continue
            row, column = PHASES[group.phase]
            positions = len(range(row, height, 2)) * len(range(column, width, 2))
            own = channels(scale, group.colour)
            depth = own.stop - own.start
            all_of_plane += positions * depth
            if (scale, index) < (run.scale, run.group):
                told += positions * depth
            elif (scale, index) == (run.scale, run.group):
                told += min((run.number + 1) * run_length(positions), positions) * depth
    return told / all_of_plane


def _told(
    first: First, run: Run | None, scale: int, group: Group, size: tuple[int, ...]
) -> NDArray[np.uint8]:
    """The last plane told of each position of a group, (h, w, 1) or (1, 1, 1)."""
    most = first[scale][group.colour]
    if run is None or run.plane >= most:
        return np.full((1, 1, 1), most, np.uint8)
    place = (scale, GROUPS.index(group))
    until = (run.scale, run.group)
    if place != until:
        return np.full((1, 1, 1), run.plane + (place > until), np.uint8)
    positions = size[0] * size[1]
    behind = np.arange(positions) >= (run.number + 1) * run_length(positions)
    return (run.plane + behind).astype(np.uint8).reshape(*size[:2], 1)


def _middles(
    magnitudes: NDArray[np.uint16], negative: NDArray[np.bool_], told: NDArray[np.uint8]
) -> NDArray[np.float32]:
    """Where coefficients lie of which the planes down to `told` are known."""
    least = magnitudes >> told << told
    x = least.astype(np.float32)
    x += np.float32(CENTRE) * np.exp2(told, dtype=np.float32)
    x[least == 0] = 0
    np.negative(x, out=x, where=negative)
    return x


def synthesised(
    shape: Shape, values: Sequence[NDArray[np.float32]], rotation: Rotation, workers: Workers
) -> NDArray[np.uint8]:
    """The picture (H, W, 3) of coefficients (h, w, N) of each scale."""
    components = workers.map(partial(_picture, shape, values), range(COMPONENTS))
    pixels = np.empty((shape.height, shape.width, 3), np.uint8)
    columns = list(zip(*rotation.matrix, strict=True))

    def colour(index: int) -> None:
        x = rotated(components, columns[index])
        x += np.float32(MIDDLE)
        pixels[..., index] = np.clip(np.rint(x, out=x), 0, 255, out=x)

    workers.map(colour, range(3))
    return pixels


def _picture(
    shape: Shape, values: Sequence[NDArray[np.float32]], component: int
) -> NDArray[np.float32]:
    low = values[0][..., component] / np.float32(NORM_LL)
    all_sizes = sizes(shape.height, shape.width)
    for scale in range(1, SCALES):
        details = [
            values[scale][:rows, :columns, component * bands(scale) + band]
            / np.float32(NORMS[scale - 1][band])
            for band, (rows, columns) in enumerate(shape.bands(scale))
        ]
        low = joined(np.empty(all_sizes[LEVELS - scale], np.float32), low, details)
    return low
