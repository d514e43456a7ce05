"""Code the planes of a picture, group by group, with the prior's probabilities.

Encoder and decoder walk through the planes in the same way. A `Walk` passes bits through its
`Symbols`: those of an encoder write the bits of the picture, those of a decoder read them.

A group is coded in *segments* of positions: the bits of a segment, then the signs of its newly
significant coefficients. A stream may end after any segment.
"""

from collections.abc import Generator, Iterator
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet.engine import Bytes, Engine, aligned
from rnn_codec.families.wavelet.group import GroupCode
from rnn_codec.families.wavelet.known import MIDDLE, TOLD_BIT, TOLD_SIGN, WINDOW, known
from rnn_codec.families.wavelet.known import depth as known_depth
from rnn_codec.families.wavelet.layout import (
    COMPONENTS,
    GROUPS,
    PHASES,
    SCALES,
    First,
    Group,
    Segment,
    bands,
    channels,
    segment_length,
    stripes,
)
from rnn_codec.families.wavelet.memory.protocol import Memory
from rnn_codec.families.wavelet.planes import Planes, Shape
from rnn_codec.families.wavelet.rounding import rounded
from rnn_codec.families.wavelet.strided import gathered, mark, scatter
from rnn_codec.families.wavelet.symbols import Symbols


class _Telling:
    """The part of a scale's plane that has been coded, as the heads see it.

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
        """The array that the head of a group sees."""
        return self.all if group.colour else self.luma

    def tell(
        self,
        group: Group,
        bits: NDArray[np.bool_],
        positive: NDArray[np.bool_],
        negative: NDArray[np.bool_],
    ) -> None:
        """Add a group: its bits (h/2, w/2, n), and the signs of newly significant coefficients."""
        row, column = PHASES[group.phase]
        first, count = 2 * self._bands if group.colour else 0, bits.shape[2]
        of_bits = bits.view(np.uint8) * np.uint8(2 * TOLD_BIT) + np.uint8(MIDDLE - TOLD_BIT)
        of_signs = positive.view(np.uint8) * np.uint8(TOLD_SIGN) + np.uint8(MIDDLE)
        of_signs -= negative.view(np.uint8) * np.uint8(TOLD_SIGN)
        for seen in (self.all,) if group.colour else (self.luma, self.all):
            here = seen[row::2, column::2, first : first + 2 * count]
            scatter(of_bits, here[..., :count])
            scatter(of_signs, here[..., count:])


class Walk:
    """The walk of an encoder or a decoder through the planes of a picture.

    Args:
        planes: coefficients of the picture; None for a decoder.
        shape: of the picture.
        first: planes of the picture, see `First`; at least one number is not zero.
        last: the plane to end with.
        rounded_at: the plane that an encoder rounds at, see `rounding`; None for none.

    Attributes:
        so_far: coefficients as coded so far; each scale is in units of the plane in `units`.
        units: the plane of each scale that was begun most recently.
    """

    def __init__(
        self,
        engine: Engine,
        memory: Memory,
        symbols: Symbols,
        planes: Planes | None,
        shape: Shape,
        first: First,
        last: int,
        rounded_at: int | None = None,
    ) -> None:
        self._rounded_at = rounded_at
        self._engine, self._memory, self._symbols = engine, memory, symbols
        self._planes, self._first, self._last = planes, first, last
        self.so_far = Planes.nothing(shape)
        if planes is not None:
            # The picture's signs: only those of significant coefficients are used.
            self.so_far = replace(self.so_far, negative=planes.negative)
        self._views: list[Bytes | None] = [None] * SCALES
        self._exists: dict[int, NDArray[np.bool_] | None] = {}
        self.units = [max(of_scale) for of_scale in first]

    def segments(self) -> Generator[Segment, None, None]:
        """Code segment after segment and yield each; close the generator where a stream ends.

        Raises:
            EndOfCodeError: in a decoder, at the first segment that has not arrived.
        """
        for plane in range(max(map(max, self._first)) - 1, self._last - 1, -1):
            handed: tuple[Bytes, ...] | None = None
            for scale in range(SCALES):
                if plane < max(self._first[scale]):
                    handed = yield from self._scale(plane, scale, handed)
            self._symbols.plane_coded(plane, self.so_far)

    def finished(self) -> Planes:
        """The coefficients so far, in units of plane 0; nothing can be coded after this."""
        for magnitudes, unit in zip(self.so_far.magnitudes, self.units, strict=True):
            np.left_shift(magnitudes, np.uint16(unit), out=magnitudes)
        return self.so_far

    def _scale(
        self, plane: int, scale: int, handed: tuple[Bytes, ...] | None
    ) -> Generator[Segment, None, tuple[Bytes, ...] | None]:
        """Code a plane of a scale, and return the states that it hands down to the finer scale."""
        self.units[scale], finer = plane, scale + 1
        hands_down = finer < SCALES and plane < max(self._first[finer])
        height, width, _ = self.so_far.magnitudes[scale].shape
        states: tuple[Bytes, ...] = ()
        self.so_far.magnitudes[scale] <<= 1
        for index, (start, end) in enumerate(stripes(height, width)):
            state = self._state(plane, scale, start, end, handed)
            if hands_down:
                states = states or tuple(np.empty((height, *x.shape[1:]), x.dtype) for x in state)
                for whole, part in zip(states, state, strict=True):
                    whole[start:end] = part
            yield from self._stripe(Segment(plane, scale, index, 0, 0), start, state[0])
        if not hands_down:
            return None
        self._tell_finer(scale, states[0])
        return states

    def _tell_finer(self, scale: int, state: Bytes) -> None:
        """Overwrite the state with the message to the finer scale, to save memory."""
        height, width, _ = state.shape
        above = state[:0]
        for start, end in stripes(height, width):
            # Includes one more row on either side for the 3×3 kernel.
            first, last = start - len(above), min(end + 1, height)
            here = np.concatenate([above, state[start:last]])
            message = self._engine.message(scale, here, self._seen_after(scale, first, last))
            above = here[end - 1 - first : end - first]
            state[start:end] = message[start - first : end - first]

    def _state(
        self, plane: int, scale: int, start: int, end: int, handed: tuple[Bytes, ...] | None
    ) -> tuple[Bytes, ...]:
        """The state of the rows from `start` to `end`."""
        height, width, _ = self.so_far.magnitudes[scale].shape
        # Includes one more row on either side for the 3×3 kernel.
        first, last = max(start - 1, 0), min(end + 1, height)
        if handed is None:
            nothing = np.full((last - first, width, self._engine.depth), MIDDLE, np.uint8)
            here = (nothing,) * self._engine.states
        elif scale == 1:
            # LL has the size of the coarsest details.
            here = tuple(x[first:last] for x in handed)
        else:
            here = tuple(_doubled(x, first, last, width) for x in handed)
        states = self._engine.state(scale, plane, self._seen_before(scale, first, last), here)
        return tuple(x[start - first : end - first] for x in states)

    def _seen_before(self, scale: int, first: int, last: int) -> Bytes:
        """The prior's view of some rows of a scale before the current plane."""
        view, self._views[scale] = self._views[scale], None
        if view is not None:
            return view
        above = max(first - WINDOW // 2, 0)
        magnitudes = self.so_far.magnitudes[scale][above : last + WINDOW // 2]
        # Shifted to remove the bit of this plane, which the stripes above already have.
        return self._view(scale, self._memory.before(magnitudes >> 1), above, first, last)

    def _seen_after(self, scale: int, first: int, last: int) -> Bytes:
        """The view of some rows after the current plane, from which the message is computed."""
        above = max(first - WINDOW // 2, 0)
        magnitudes = self.so_far.magnitudes[scale][above : last + WINDOW // 2]
        seen = self._memory.after(magnitudes)
        view = self._view(scale, seen, above, first, last)
        # A memory that sees everything has the same view before the next plane.
        sees_all = seen is magnitudes and self._memory.before(magnitudes) is magnitudes
        if sees_all and last - first == len(self.so_far.magnitudes[scale]):
            self._views[scale] = view
        return view

    def _view(
        self, scale: int, magnitudes: NDArray[np.uint16], above: int, first: int, last: int
    ) -> Bytes:
        """The known state of some rows; `magnitudes` begin with the row `above`."""
        depth, width = aligned(known_depth(scale)), magnitudes.shape[1]
        negative = self.so_far.negative[scale][above : above + len(magnitudes)]

        def strip(start: int, end: int) -> list[Bytes]:
            start, end = (row + first - above for row in (start, end))
            return [known(magnitudes, negative, depth, start, end)]

        return self._engine.workers.by_strips(strip, last - first, width)[0]

    def _stripe(self, at: Segment, start: int, state: Bytes) -> Iterator[Segment]:
        """Code the groups of a stripe that begins with a row; `state` is that of its rows."""
        height, width, _ = state.shape
        telling = _Telling(height, width, at.scale)
        for index, group in enumerate(GROUPS):
            row, column = PHASES[group.phase]
            coded = at.plane < self._first[at.scale][group.colour]
            if coded and row < height and column < width:
                here = state[row::2, column::2]
                logits = self._engine.logits(at.scale, group, here, telling.around(group))
                rows = slice(start + row, start + height, 2)
                for number in self._group(at, group, rows, logits, telling):
                    yield Segment(at.plane, at.scale, at.stripe, index, number)

    def _group(
        self, segment: Segment, group: Group, rows: slice, logits: Bytes, telling: _Telling
    ) -> Iterator[int]:
        """Code the segments of a group in some rows, and yield the number of each."""
        scale, column = segment.scale, PHASES[group.phase][1]
        at = (rows, slice(column, None, 2), channels(scale, group.colour))
        magnitudes = gathered(self.so_far.magnitudes[scale][at])
        exists = self._existing(scale, group, at)
        if segment.plane == self._rounded_at:
            self._round(segment, at, magnitudes > 0, logits, exists)
        truth = self._truth(segment.plane, scale, at, magnitudes.shape)
        code = GroupCode(self._symbols, logits, magnitudes > 0, *truth, exists)
        height, width, count = magnitudes.shape
        positions, length = height * width, segment_length(height * width)
        try:
            for number, start in enumerate(range(0, positions, length)):
                code.code(min(start + length, positions) * count)
                yield number
        finally:
            # A group that ends early is kept as far as it was coded.
            bits, positive, negative = code.told()
            magnitudes |= bits
            scatter(magnitudes, self.so_far.magnitudes[scale][at])
            # An encoder already has the picture's signs.
            if self._planes is None:
                mark(negative, self.so_far.negative[scale][at])
            telling.tell(group, bits, positive, negative)

    def _round(
        self,
        segment: Segment,
        at: tuple[slice, ...],
        significant: NDArray[np.bool_],
        logits: Bytes,
        exists: NDArray[np.bool_] | None,
    ) -> None:
        """Round the picture's coefficients of a group before the plane is coded: see `rounding`."""
        assert self._planes is not None
        magnitudes = self._planes.magnitudes[segment.scale][at]
        whole = gathered(magnitudes)
        free = ~significant if exists is None else ~significant & exists.reshape(whole.shape)
        of_significance = gathered(logits[..., : whole.shape[2]])
        np.copyto(whole, rounded(whole, segment.plane, of_significance), where=free)
        scatter(whole, magnitudes)

    def _truth(
        self, plane: int, scale: int, at: tuple[slice, ...], size: tuple[int, ...]
    ) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        """The bits of a group, and which coefficients are positive; all false in a decoder."""
        if self._planes is None:
            return np.zeros(size, np.bool_), np.zeros(size, np.bool_)
        bits = gathered(self._planes.magnitudes[scale][at]) & np.uint16(1 << plane) > 0
        return bits, ~gathered(self._planes.negative[scale][at])

    def _existing(
        self, scale: int, group: Group, at: tuple[slice, ...]
    ) -> NDArray[np.bool_] | None:
        """Which coefficients of a group exist, flattened; None for all."""
        if scale not in self._exists:
            self._exists[scale] = self.so_far.shape.exists(scale)
        exists = self._exists[scale]
        if exists is None:
            return None
        of_component = exists[at[:2]].reshape(-1, bands(scale))
        components = COMPONENTS - 1 if group.colour else 1
        return np.tile(of_component, components).ravel()


def _doubled(x: Bytes, first: int, last: int, width: int) -> Bytes:
    """Repeat every position in two rows and two columns; returns some rows of the finer scale."""
    coarse = x[first // 2 : (last + 1) // 2].repeat(2, axis=0).repeat(2, axis=1)
    start = first % 2
    return coarse[start : start + last - first, :width]
