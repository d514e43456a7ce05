"""A picture being coded: streams, each with a step that suits a rate.

Every beginning of a stream is a file. Its step is that with which a plane ends where the file does.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property, partial

import numpy as np
from numpy.typing import NDArray

from rnn_codec.coding.bernoulli import Place, certain_after
from rnn_codec.families.wavelet import format as file_format
from rnn_codec.families.wavelet.colour import fitted
from rnn_codec.families.wavelet.engine import Engine
from rnn_codec.families.wavelet.format import Settings
from rnn_codec.families.wavelet.gains import Gains, blocks, code_exponents
from rnn_codec.families.wavelet.layout import Run, last_run
from rnn_codec.families.wavelet.memory.protocol import Memory
from rnn_codec.families.wavelet.planes import (
    Planes,
    Shape,
    analysed,
    share_of_plane,
    synthesised,
    values,
)
from rnn_codec.families.wavelet.restoration.conditions import Conditions
from rnn_codec.families.wavelet.restoration.restorer import Restorer
from rnn_codec.families.wavelet.rotation import Rotation
from rnn_codec.families.wavelet.steps import (
    FINE_STEP,
    THRESHOLDS,
    counts,
    plane_of,
    step_with,
    threshold,
)
from rnn_codec.families.wavelet.stream import Walk
from rnn_codec.families.wavelet.symbols import Written
from rnn_codec.families.wavelet.workers import Workers
from rnn_codec.metrics.pixels import SCORES
from rnn_codec.models.protocol import BudgetError, Contents, Encoded, Level, OtherRate, Pixels
from rnn_codec.rates import Quality
from rnn_codec.rnc.file import File, Head
from rnn_codec.watching import tell

_LOOK_AHEAD = 16
"""Bytes by which a code is longer than what it makes certain, at most."""
RESTORED_REACH = 64
"""Of `THRESHOLDS`, by which restored pictures reach a quality more coarsely: half an octave."""


@dataclass(frozen=True)
class Networks:
    """What a model computes with."""

    engine: Engine
    memory: Memory
    restorer: Restorer | None

    @property
    def workers(self) -> Workers:
        """Threads that share what is not a network."""
        return self.engine.workers


class PictureCode:
    """The stream of a picture, coded as far as it is needed.

    Attributes:
        runs: that have been coded.
    """

    def __init__(
        self,
        networks: Networks,
        head: Head,
        settings: Settings,
        planes: Planes,
        gains: Gains,
        rounded_at: int | None = None,
    ) -> None:
        self.networks = networks
        self.head, self.settings, self.planes, self.gains = head, settings, planes, gains
        self._symbols = Written(file_format.seed(head, settings))
        if gains.exponents is not None:
            code_exponents(self._symbols, blocks(planes.shape), gains.exponents)
        engine, memory = networks.engine, networks.memory
        walk = Walk(
            engine, memory, self._symbols, planes, planes.shape, settings.first, 0, rounded_at
        )
        self._walk = walk.runs() if settings.planes else iter(())
        self.runs: list[Run] = []
        self._places: list[Place] = []
        self._code = b""

    @classmethod
    def of(
        cls,
        networks: Networks,
        head: Head,
        pixels: Pixels,
        rotation: Rotation,
        gains: Gains,
        rounded_at: int | None = None,
    ) -> "PictureCode":
        """That of a picture (H, W, 3); the last argument is as of `Walk`."""
        weights = gains.weights(Shape(head.height, head.width))
        planes = analysed(pixels, rotation, weights, networks.workers)
        strengths = gains.of_scales, gains.of_blocks
        settings = Settings(gains.step, *strengths, rotation, planes.first())
        return cls(networks, head, settings, planes, gains, rounded_at)

    def code_until(self, enough: Callable[[], bool]) -> None:
        """Code run after run until it is enough, or all is coded."""
        while not enough() and self._code_run():
            pass

    def _code_run(self) -> bool:
        run = next(self._walk, None)
        if run is None:
            return False
        self.runs.append(run)
        self._places.append(self._symbols.encoder.place)
        self._code = b""
        return True

    @property
    def most_bytes(self) -> int:
        """Of the stream so far, at most."""
        return self._symbols.encoder.most_bytes

    def end(self, index: int) -> int:
        """How many bytes of the stream a run and all before it take."""
        if not self._code:
            self._code = self._symbols.encoder.code()
        return self.end_in(self._code, index)

    def file_bytes(self, index: int) -> int:
        """Length of the file that ends with a run; −1 for that of a picture without one."""
        if index < 0:
            return file_format.file_bytes(self.head, None, 0)
        return file_format.file_bytes(self.head, self.runs[index], self.end(index))

    def end_in(self, stream: bytes, index: int) -> int:
        """The same, of a stream that goes on in another way."""
        return certain_after(stream, self._places[index])

    def last_run_of(self, levels: int) -> int:
        """The index of the last run of so many planes, which are coded now; −1 if there is none."""
        plane = max(self.settings.planes - levels, 0)
        self.code_until(lambda: bool(self.runs) and self.runs[-1].plane < plane)
        # Runs go down from plane to plane.
        return bisect_right(self.runs, -plane, key=lambda run: -run.plane) - 1

    def file(self, index: int) -> File:
        """The file that ends with a run; −1 for that of a picture without one."""
        if index < 0:
            return file_format.write(self.head, self.settings, None, b"")
        stream_bytes = self.end(index)
        stream = self._code[:stream_bytes]
        return file_format.write(self.head, self.settings, self.runs[index], stream)

    def pixels(self, index: int) -> Pixels:
        """What the file that ends with a run decodes to."""
        run = self.runs[index] if index >= 0 else None
        return picture(self.planes, self.settings, run, self.gains, self.networks)

    def pixels_to(self, plane: int, networks: Networks) -> Pixels:
        """What networks decode a file to that ends with a plane; nothing is coded."""
        return picture(self.planes, self.settings, last_run(plane), self.gains, networks)


def picture(
    planes: Planes, settings: Settings, run: Run | None, gains: Gains, networks: Networks
) -> Pixels:
    """What coefficients are, as far as a run has told them."""
    shape, workers, restorer = planes.shape, networks.workers, networks.restorer
    of_component = partial(values, planes, settings.first, run, gains.weights(shape))
    found = synthesised(shape, of_component, settings.rotation, workers)
    if restorer is None:
        return found.pixels(workers)
    return restorer.pixels(found, Conditions.of(shape, settings, run, gains), workers)


@dataclass(frozen=True)
class WaveletSession:
    """See `Session`."""

    networks: Networks
    head: Head
    pixels: Pixels
    gains: Gains

    @cached_property
    def code(self) -> PictureCode:
        """The picture's stream, with the usual step."""
        return self.code_with(self.gains.step)

    def code_with(self, step: int, rounded_at: int | None = None) -> PictureCode:
        """The picture's stream with a step of its own; see `Walk`."""
        gains = replace(self.gains, step=step)
        given = self.networks, self.head, self.pixels, self._rotation, gains, rounded_at
        return PictureCode.of(*given)

    @cached_property
    def _rotation(self) -> Rotation:
        return fitted(self.pixels)

    def first(self, levels: int) -> Encoded:
        return self._encoded(self.code, self.code.last_run_of(levels))

    def within(self, size: int) -> Encoded:
        until = threshold(self._counts, 8 * size)
        code = self.code_with(step_with(until), plane_of(until))

        def enough() -> bool:
            tell(min(code.most_bytes / max(size, 1), 1.0))
            return bool(code.runs) and code.most_bytes > size + _LOOK_AHEAD

        code.code_until(enough)
        index = bisect_right(range(len(code.runs)), size, key=code.file_bytes) - 1
        if index < 0 and (code.runs or code.file_bytes(-1) > size):
            least = code.file_bytes(0 if code.runs else -1)
            raise BudgetError(f"{size} bytes hold nothing of the picture: allow at least {least}")
        return self._encoded(code, index)

    @cached_property
    def _counts(self) -> NDArray[np.int64]:
        """See `steps.counts`."""
        shape = Shape(self.head.height, self.head.width)
        weights = replace(self.gains, step=FINE_STEP).weights(shape)
        return counts(analysed(self.pixels, self._rotation, weights, self.networks.workers))

    def reaching(self, quality: Quality) -> Encoded:
        """See `Session.reaching`: all planes to the coarsest threshold whose picture is so good."""
        planes = self.code.settings.planes
        found = self._thresholds_reaching(quality, bisect_right(THRESHOLDS, 2.0 ** (planes - 1)))
        if found == 0:
            last = self.code.last_run_of(planes)
            return self._encoded(self.code, last, reached=planes == 0)
        threshold = THRESHOLDS[found - 1]
        code = self.code_with(step_with(threshold))
        last = code.last_run_of(code.settings.planes - plane_of(threshold))
        return self._encoded(code, last)

    def _thresholds_reaching(self, quality: Quality, most: int) -> int:
        """How many of the first `most` of `THRESHOLDS` reach it."""
        score = SCORES[quality.metric]

        def missed(networks: Networks, threshold: float) -> bool:
            code = self.code_with(step_with(threshold))
            found = code.pixels_to(plane_of(threshold), networks)
            return score(found, self.pixels) < quality.least

        missed_plain, missed_restored = (
            partial(missed, networks)
            for networks in (replace(self.networks, restorer=None), self.networks)
        )
        found = bisect_right(THRESHOLDS, False, hi=most, key=missed_plain)
        if self.networks.restorer is None:
            return found
        # What is restored is better, and takes longer: it is looked at where it may matter.
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
        found = contents(file, code.runs[index] if index >= 0 else None)
        return Encoded(found, reached, partial(code.pixels, index))


def contents(file: File, run: Run | None, checked: int | None = None) -> Contents:
    """What a file holds that has arrived up to a run.

    Args:
        checked: of a file cut short, how many planes a check value agreed with.
    """
    body, _ = file_format.stream_of(file)
    settings = body.settings
    if run is None:
        everything = body.end is None
        return Contents(file, int(everything), 0.0, "all of it" if everything else "nothing")
    part = share_of_plane(Shape(file.head.height, file.head.width), settings.first, run)
    levels = settings.planes - run.plane - (part < 1)
    of_next = part % 1
    words = f"{levels} plane{'' if levels == 1 else 's'}"
    if of_next:
        words += f" and {of_next:.0%} of the next"
    if checked is not None and checked < levels:
        words += f" ({checked} checked)"
    return Contents(file, levels, of_next, words)
