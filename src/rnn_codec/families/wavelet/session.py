"""A picture being coded: streams, each with a step that suits a rate.

Every prefix of a stream makes a file. The step is chosen so that a plane ends where the file does.
"""

from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from rnn_codec.families.wavelet import format as file_format
from rnn_codec.families.wavelet.colour import fitted
from rnn_codec.families.wavelet.gains import STEP_UNITS, Gains
from rnn_codec.families.wavelet.layout import Segment, last_segment
from rnn_codec.families.wavelet.picture_code import Networks, PictureCode
from rnn_codec.families.wavelet.planes import Shape, analysed, share_of_plane
from rnn_codec.families.wavelet.refinement import Arrays, Loss, Refinement, State, Told, shares
from rnn_codec.families.wavelet.rotation import Rotation
from rnn_codec.families.wavelet.steps import (
    FINE_STEP,
    LEAST_PLANES,
    THRESHOLDS,
    counts,
    plane_of,
    step_with,
    threshold,
)
from rnn_codec.metrics.pixels import SCORES
from rnn_codec.models.protocol import BudgetError, Contents, Encoded, Level, OtherRate, Pixels
from rnn_codec.rates import Quality
from rnn_codec.rnc.file import File, Head
from rnn_codec.watching import tell, watched

_LOOK_AHEAD = 16
"""The most bytes of a code after those that make its bits certain."""
RESTORED_REACH = 64
"""How many further `THRESHOLDS` are tried for restored pictures: half an octave."""


@dataclass(frozen=True)
class Search:
    """An encoder's search for better coefficients.

    Attributes:
        moves: how often the coefficients move.
        loss: the loss that the moves reduce.
    """

    moves: int
    loss: Loss


@dataclass(frozen=True)
class WaveletSession:
    """See `Session`."""

    networks: Networks
    head: Head
    pixels: Pixels
    gains: Gains
    search: Search | None = None

    @cached_property
    def code(self) -> PictureCode:
        """The picture's stream, with the default step."""
        return self.code_with(self.gains.step)

    def code_with(
        self, step: int, rounded_at: int | None = None, coefficients: Arrays | None = None
    ) -> PictureCode:
        """The picture's stream with a given step; see `PictureCode.of`."""
        gains = replace(self.gains, step=step)
        given = self.networks, self.head, self.pixels, self._rotation, gains
        return PictureCode.of(*given, rounded_at, coefficients)

    @cached_property
    def _rotation(self) -> Rotation:
        return fitted(self.pixels)

    def first(self, levels: int) -> Encoded:
        plane = max(self.code.settings.planes - levels, 0)
        if self.search is None or plane < LEAST_PLANES:
            return self._encoded(self.code, self.code.last_run_of(levels))
        step = self.gains.step
        refinement = self._refinement(self.search, 2.0**plane * step / STEP_UNITS)
        self._move(refinement, shares(self.search.moves))
        code = self.code_with(step, None, refinement.best.coefficients)
        return self._encoded(code, code.last_run_of(code.settings.planes - plane))

    def within(self, size: int) -> Encoded:
        until, coefficients = threshold(self._counts, 8 * size), None
        if self.search is not None:
            best = self._refined_within(self.search, until, size)
            until, coefficients = best.next_threshold, best.coefficients
        code = self.code_with(step_with(until), plane_of(until), coefficients)

        def enough() -> bool:
            if self.search is None:
                tell(min(code.most_bytes / max(size, 1), 1.0))
            return bool(code.segments) and code.most_bytes > size + _LOOK_AHEAD

        code.code_until(enough)
        index = bisect_right(range(len(code.segments)), size, key=code.file_bytes) - 1
        if index < 0 and (code.segments or code.file_bytes(-1) > size):
            least = code.file_bytes(0 if code.segments else -1)
            raise BudgetError(f"{size} bytes hold nothing of the picture: allow at least {least}")
        return self._encoded(code, index)

    def _refined_within(self, search: Search, until: float, size: int) -> State:
        """Refine the coefficients for a file of `size` bytes."""
        refinement = self._refinement(search, until)

        def told() -> Told | None:
            tried = refinement.tried
            plane = plane_of(tried.threshold)
            code = self.code_with(step_with(tried.threshold), plane, tried.coefficients)
            last = code.last_run_of(code.settings.planes - plane)
            if last < 0:
                return None
            return code.told(code.segments[last], tried.threshold, code.file_bytes(last) / size)

        for share in watched(shares(search.moves)):
            if (file := told()) is None:
                return refinement.best
            refinement.move(file, share)
        if (file := told()) is not None:
            refinement.judge(file)
        return refinement.best

    def _move(self, refinement: Refinement, of_moves: Sequence[float]) -> None:
        """Refine the coefficients for files of whole planes, whatever their size."""

        def told() -> Told:
            tried = refinement.tried
            code = self.code_with(step_with(tried.threshold), None, tried.coefficients)
            return code.told(last_segment(plane_of(tried.threshold)), tried.threshold)

        for share in watched(of_moves):
            refinement.move(told(), share)
        refinement.judge(told())

    def _refinement(self, search: Search, until: float) -> Refinement:
        given = self.pixels, self._rotation, self.gains, search.loss
        return Refinement(*given, self.networks.workers, until)

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        """See `steps.counts`."""
        shape = Shape(self.head.height, self.head.width)
        weights = replace(self.gains, step=FINE_STEP).weights(shape)
        return counts(analysed(self.pixels, self._rotation, weights, self.networks.workers))

    def reaching(self, quality: Quality) -> Encoded:
        """See `Session.reaching`: all planes to the coarsest threshold that reaches it."""
        planes = self.code.settings.planes
        most = bisect_right(THRESHOLDS, 2.0 ** (planes - 1))
        found = self._thresholds_reaching(quality, most)
        if found == 0:
            last = self.code.last_run_of(planes)
            return self._encoded(self.code, last, reached=planes == 0)
        encoded = self._encoded_to(THRESHOLDS[found - 1])
        if self.search is None:
            return encoded
        refinement = self._refinement(self.search, THRESHOLDS[found - 1])
        of_moves, half = shares(self.search.moves), -(-self.search.moves // 2)
        # Refined coefficients reach the quality with a coarser threshold: refine for that next.
        for part in (of_moves[:half], of_moves[half:]):
            refinement.begin_at(THRESHOLDS[found - 1])
            self._move(refinement, part)
            found = self._thresholds_reaching(quality, most, refinement.best.coefficients)
            if found == 0:
                return encoded
        refined = self._encoded_to(THRESHOLDS[found - 1], refinement.best.coefficients)
        return min(encoded, refined, key=lambda each: len(each.data))

    def _encoded_to(self, until: float, coefficients: Arrays | None = None) -> Encoded:
        """The file with all planes to a threshold."""
        code = self.code_with(step_with(until), None, coefficients)
        last = code.last_run_of(code.settings.planes - plane_of(until))
        return self._encoded(code, last)

    def _thresholds_reaching(
        self, quality: Quality, most: int, coefficients: Arrays | None = None
    ) -> int:
        """The number of the first `most` of `THRESHOLDS` that reach the quality."""
        score = SCORES[quality.metric]

        def missed(networks: Networks, threshold: float) -> bool:
            code = self.code_with(step_with(threshold), None, coefficients)
            found = code.pixels_to(plane_of(threshold), networks)
            return score(found, self.pixels) < quality.least

        missed_plain, missed_restored = (
            partial(missed, networks)
            for networks in (replace(self.networks, restorer=None), self.networks)
        )
        found = bisect_right(THRESHOLDS, False, hi=most, key=missed_plain)
        if self.networks.restorer is None:
            return found
        # Restored pictures are better but slower: they are tried only where it may matter.
        most = min(found + RESTORED_REACH, most)
        further = bisect_right(THRESHOLDS, False, lo=found, hi=most, key=missed_restored)
        if further == found and found and missed_restored(THRESHOLDS[found - 1]):
            return bisect_right(THRESHOLDS, False, hi=found - 1, key=missed_restored)
        return further

    def levels(self, most: int) -> Iterator[Level]:
        for number in range(1, min(most, max(self.code.settings.planes, 1)) + 1):
            index = self.code.last_run_of(number)
            file = self.code.file(index)
            yield Level(number, len(file.data), self.code.pixels(index))

    def other_rates(self, most: int) -> dict[str, OtherRate]:
        return {}

    def _encoded(self, code: PictureCode, index: int, reached: bool = True) -> Encoded:
        file = code.file(index)
        found = contents(file, code.segments[index] if index >= 0 else None)
        return Encoded(found, reached, partial(code.pixels, index))


def contents(file: File, segment: Segment | None, checked: int | None = None) -> Contents:
    """The contents of a file that has arrived up to a segment.

    Args:
        checked: for a cut file, the number of planes that a check value confirmed.
    """
    body, _ = file_format.stream_of(file)
    settings = body.settings
    if segment is None:
        everything = body.end is None
        return Contents(file, int(everything), 0.0, "all of it" if everything else "nothing")
    part = share_of_plane(Shape(file.head.height, file.head.width), settings.first, segment)
    levels = settings.planes - segment.plane - (part < 1)
    of_next = part % 1
    words = f"{levels} plane{'' if levels == 1 else 's'}"
    if of_next:
        words += f" and {of_next:.0%} of the next"
    if checked is not None and checked < levels:
        words += f" ({checked} checked)"
    return Contents(file, levels, of_next, words)
