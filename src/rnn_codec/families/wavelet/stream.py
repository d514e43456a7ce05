"""Codes the planes of a picture, group by group, with the prior's probabilities.

Encoder and decoder take the same way through the planes: a `Walk` asks its `Symbols` for bits, and
an encoder's are those of the picture, which it writes, a decoder's those that it reads.

A group is coded in *runs* of positions: the bits of a run, then the signs of its coefficients that
have become significant. A stream may end after any run.
"""

import math
from collections.abc import Generator, Iterator

import numpy as np
from numpy.typing import NDArray

from rnn_codec.coding.bernoulli import PROBABILITY_BITS
from rnn_codec.families.wavelet.engine import Bytes, Engine, aligned
from rnn_codec.families.wavelet.known import MIDDLE, TOLD_BIT, TOLD_SIGN, known
from rnn_codec.families.wavelet.known import depth as known_depth
from rnn_codec.families.wavelet.layout import (
    COMPONENTS,
    GROUPS,
    PHASES,
    PREDICTIONS,
    SCALES,
    First,
    Group,
    Run,
    bands,
    channels,
    run_length,
)
from rnn_codec.families.wavelet.memory.protocol import Memory
from rnn_codec.families.wavelet.planes import Planes
from rnn_codec.families.wavelet.symbols import Symbols

LOGIT_UNITS = 16
"""Of the byte of a logit."""

_ONE = 1 << PROBABILITY_BITS
PROBABILITIES = np.array(
    [round(_ONE / (1 + math.exp((MIDDLE - byte) / LOGIT_UNITS))) / _ONE for byte in range(256)]
)
"""Of a one, by the byte of its logit."""


class Walk:
    """The way through the planes of a picture.

    Args:
        planes: of the picture; a decoder's are zeros.
        first: the same as of the picture; at least one is not zero.
        last: the plane to end with.

    Attributes:
        so_far: coefficients as far as they were coded; in each scale in units of `units`.
        units: the plane of each scale that was begun last.
    """

    def __init__(
        self,
        engine: Engine,
        memory: Memory,
        symbols: Symbols,
        planes: Planes,
        first: First,
        last: int,
    ) -> None:
        self._engine, self._memory, self._symbols = engine, memory, symbols
        self._planes, self._first, self._last = planes, first, last
        self.so_far = Planes.nothing(planes.shape)
        self._views: list[Bytes | None] = [None] * SCALES
        self._exists: dict[int, NDArray[np.bool_] | None] = {}
        self.units = [max(of_scale) for of_scale in first]

    def runs(self) -> Generator[Run, None, None]:
        """Code run after run; close it where a stream ends.

        Raises:
            EndOfCodeError: of a decoder, at the first run that has not arrived.
        """
        for plane in range(max(map(max, self._first)) - 1, self._last - 1, -1):
            handed: tuple[Bytes, ...] | None = None
            for scale in range(SCALES):
                if plane < max(self._first[scale]):
                    handed = yield from self._scale(plane, scale, handed)
            self._symbols.plane_coded(self.so_far)

    def known(self) -> Planes:
        """The coefficients so far, all in units of the last plane of all, 0."""
        magnitudes: list[NDArray[np.uint16]] = [
            x << np.uint16(unit) for x, unit in zip(self.so_far.magnitudes, self.units, strict=True)
        ]
        return Planes(self.so_far.shape, magnitudes, self.so_far.negative)

    def _scale(
        self, plane: int, scale: int, handed: tuple[Bytes, ...] | None
    ) -> Generator[Run, None, tuple[Bytes, ...] | None]:
        """Code a plane of a scale, and return what it hands down to the finer one."""
        engine, magnitudes = self._engine, self.so_far.magnitudes[scale]
        height, width, _ = magnitudes.shape
        if handed is None:
            handed = (np.full((height, width, engine.depth), MIDDLE, np.uint8),) * engine.states
        state = engine.state(scale, plane, self._seen_before(scale), handed)
        magnitudes <<= 1
        self.units[scale] = plane
        telling = _Telling(height, width, scale)
        for index, group in enumerate(GROUPS):
            row, column = PHASES[group.phase]
            if plane >= self._first[scale][group.colour]:
                continue
            if row < height and column < width:
                at = np.ascontiguousarray(state[0][row::2, column::2])
                logits = engine.logits(scale, group, at, telling.around(group))
                for number in self._group(plane, scale, group, logits, telling):
                    yield Run(plane, scale, index, number)
        finer = scale + 1
        if finer == SCALES or plane >= max(self._first[finer]):
            return None
        message = engine.message(scale, state[0], self._seen_after(scale))
        finer_size = self.so_far.magnitudes[finer].shape
        handing = (message, *state[1:])
        return tuple(_doubled(x, finer_size) for x in handing) if scale else handing

    def _seen_before(self, scale: int) -> Bytes:
        """What the prior sees of a scale before a plane."""
        magnitudes = self.so_far.magnitudes[scale]
        view, self._views[scale] = self._views[scale], None
        seen = self._memory.before(magnitudes)
        return self._view(scale, seen) if view is None or seen is not magnitudes else view

    def _seen_after(self, scale: int) -> Bytes:
        """What finer scales hear of when it is coded."""
        magnitudes = self.so_far.magnitudes[scale]
        seen = self._memory.after(magnitudes)
        view = self._view(scale, seen)
        # A memory that sees all sees the same before the next plane.
        self._views[scale] = view if seen is magnitudes else None
        return view

    def _view(self, scale: int, magnitudes: NDArray[np.uint16]) -> Bytes:
        negative, channels = self.so_far.negative[scale], aligned(known_depth(scale))
        height, width, _ = magnitudes.shape

        def strip(start: int, end: int) -> list[Bytes]:
            return [known(magnitudes, negative, channels, start, end)]

        return self._engine.workers.by_strips(strip, height, width)[0]

    def _group(
        self, plane: int, scale: int, group: Group, logits: Bytes, telling: "_Telling"
    ) -> Iterator[int]:
        """Code the runs of a group; the number of each."""
        row, column = PHASES[group.phase]
        at = (slice(row, None, 2), slice(column, None, 2), channels(scale, group.colour))
        size = self.so_far.magnitudes[scale][at].shape
        positions, count = size[0] * size[1], size[2]
        # Flat: runs are then pieces of memory.
        significance, refinement, sign = (
            part.ravel() for part in np.split(logits.reshape(positions, -1), PREDICTIONS, 1)
        )
        significant = (self.so_far.magnitudes[scale][at] > 0).ravel()
        probabilities = PROBABILITIES.take(np.where(significant, refinement, significance))
        bits = (self._planes.magnitudes[scale][at] & np.uint16(1 << plane) > 0).ravel()
        negative = self._planes.negative[scale][at].flatten()
        exists = self._existing(scale, group, at)
        coded, run = 0, run_length(positions)
        try:
            for number, start in enumerate(range(0, positions, run)):
                end = min(start + run, positions)
                part = slice(start * count, end * count)
                there = None if exists is None else exists[part]
                bits[part] = self._bits(bits[part], probabilities[part], there)
                new = part.start + np.flatnonzero(bits[part] > significant[part])
                signs = PROBABILITIES.take(sign[new])
                negative[new] = ~self._symbols.code(~negative[new], signs)
                coded = end
                yield number
        finally:
            # A group that ends early counts as far as it was coded.
            bits[coded * count :] = False
            negative &= bits > significant
            positive = (bits > significant) & ~negative
            self.so_far.magnitudes[scale][at] |= bits.reshape(size)
            self.so_far.negative[scale][at] |= negative.reshape(size)
            telling.tell(group, *(x.reshape(size) for x in (bits, positive, negative)))

    def _existing(
        self, scale: int, group: Group, at: tuple[slice, ...]
    ) -> NDArray[np.bool_] | None:
        """Which coefficients of a group there are, flat; None for all."""
        if scale not in self._exists:
            self._exists[scale] = self._planes.shape.exists(scale)
        exists = self._exists[scale]
        if exists is None:
            return None
        of_component = exists[at[:2]].reshape(-1, bands(scale))
        components = COMPONENTS - 1 if group.colour else 1
        return np.tile(of_component, components).ravel()

    def _bits(
        self,
        truth: NDArray[np.bool_],
        probabilities: NDArray[np.float64],
        exists: NDArray[np.bool_] | None,
    ) -> NDArray[np.bool_]:
        """Bits of a run, zero where there is no coefficient."""
        if exists is None:
            return self._symbols.code(truth, probabilities)
        found = np.zeros(truth.shape, np.bool_)
        found[exists] = self._symbols.code(truth[exists], probabilities[exists])
        return found


class _Telling:
    """What has been told of the plane of a scale, as the heads see it.

    Attributes:
        luma: (h, w, channels): bits and signs of luma.
        all: the same, then bits and signs of chroma.
    """

    def __init__(self, height: int, width: int, scale: int) -> None:
        self._bands = bands(scale)
        depths = (2 * self._bands, 2 * self._bands * COMPONENTS)
        self.luma, self.all = (
            np.full((height, width, aligned(depth)), MIDDLE, np.uint8) for depth in depths
        )

    def around(self, group: Group) -> Bytes:
        """What the head of a group sees."""
        return self.all if group.colour else self.luma

    def tell(
        self,
        group: Group,
        bits: NDArray[np.bool_],
        positive: NDArray[np.bool_],
        negative: NDArray[np.bool_],
    ) -> None:
        """The bits of a group (h/2, w/2, n), and the signs of what has become significant."""
        row, column = PHASES[group.phase]
        count = bits.shape[2]
        first = 2 * self._bands if group.colour else 0
        of_bits = bits.view(np.uint8) * np.uint8(2 * TOLD_BIT) + np.uint8(MIDDLE - TOLD_BIT)
        of_signs = positive.view(np.uint8) * np.uint8(TOLD_SIGN) + np.uint8(MIDDLE)
        of_signs -= negative.view(np.uint8) * np.uint8(TOLD_SIGN)
        for view in (self.all,) if group.colour else (self.luma, self.all):
            view[row::2, column::2, first : first + count] = of_bits
            view[row::2, column::2, first + count : first + 2 * count] = of_signs


def _doubled(x: Bytes, size: tuple[int, ...]) -> Bytes:
    """Every position four times, as far as the finer scale goes."""
    return x.repeat(2, axis=0).repeat(2, axis=1)[: size[0], : size[1]]
