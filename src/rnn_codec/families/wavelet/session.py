"""A picture being coded: one stream, and every rate is a beginning of it."""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cached_property, partial

from rnn_codec.coding.bernoulli import Place, certain_after
from rnn_codec.families.wavelet import format as file_format
from rnn_codec.families.wavelet.colour import fitted
from rnn_codec.families.wavelet.engine import Engine
from rnn_codec.families.wavelet.format import Settings
from rnn_codec.families.wavelet.gains import Gains, blocks, code_exponents
from rnn_codec.families.wavelet.layout import Run
from rnn_codec.families.wavelet.memory.protocol import Memory
from rnn_codec.families.wavelet.planes import (
    Planes,
    Shape,
    analysed,
    share_of_plane,
    synthesised,
    values,
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


class PictureCode:
    """The stream of a picture, coded as far as it is needed.

    Attributes:
        runs: that have been coded.
    """

    def __init__(
        self,
        engine: Engine,
        memory: Memory,
        head: Head,
        settings: Settings,
        planes: Planes,
        gains: Gains,
    ) -> None:
        self.head, self.settings, self.planes, self.gains = head, settings, planes, gains
        self.workers = engine.workers
        self._symbols = Written(file_format.seed(head, settings))
        if gains.exponents is not None:
            code_exponents(self._symbols, blocks(planes.shape), gains.exponents)
        walk = Walk(engine, memory, self._symbols, planes, planes.shape, settings.first, 0)
        self._walk = walk.runs() if settings.planes else iter(())
        self.runs: list[Run] = []
        self._places: list[Place] = []
        self._code = b""

    @classmethod
    def of(
        cls, engine: Engine, memory: Memory, head: Head, pixels: Pixels, gains: Gains
    ) -> "PictureCode":
        """That of a picture (H, W, 3)."""
        rotation = fitted(pixels)
        weights = gains.weights(Shape(head.height, head.width))
        planes = analysed(pixels, rotation, weights, engine.workers)
        strengths = gains.of_scales, gains.of_blocks
        settings = Settings(gains.step, *strengths, rotation, planes.first())
        return cls(engine, memory, head, settings, planes, gains)

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
        return picture(self.planes, self.settings, run, self.gains, self.workers)


def picture(
    planes: Planes, settings: Settings, run: Run | None, gains: Gains, workers: Workers
) -> Pixels:
    """What coefficients are, as far as a run has told them."""
    weights = gains.weights(planes.shape)
    of_component = partial(values, planes, settings.first, run, weights)
    return synthesised(planes.shape, of_component, settings.rotation, workers)


@dataclass(frozen=True)
class WaveletSession:
    """See `Session`."""

    begin: Callable[[], PictureCode]
    pixels: Pixels

    @cached_property
    def code(self) -> PictureCode:
        """The picture's stream."""
        return self.begin()

    def first(self, levels: int) -> Encoded:
        return self._encoded(self.code.last_run_of(levels))

    def within(self, size: int) -> Encoded:
        code = self.code

        def enough() -> bool:
            tell(min(code.most_bytes / max(size, 1), 1.0))
            return bool(code.runs) and code.most_bytes > size + _LOOK_AHEAD

        code.code_until(enough)
        index = bisect_right(range(len(code.runs)), size, key=code.file_bytes) - 1
        if index < 0 and (code.runs or code.file_bytes(-1) > size):
            least = code.file_bytes(0 if code.runs else -1)
            raise BudgetError(f"{size} bytes hold nothing of the picture: allow at least {least}")
        return self._encoded(index)

    def reaching(self, quality: Quality) -> Encoded:
        """See `Session.reaching`: the plane that reaches it, then the run."""
        score = SCORES[quality.metric]

        def reached(index: int) -> bool:
            return score(self.code.pixels(index), self.pixels) >= quality.least

        before = -1
        for levels in range(1, self.code.settings.planes + 1):
            last = self.code.last_run_of(levels)
            if reached(last):
                between = range(before + 1, last)
                return self._encoded(before + 1 + bisect_right(between, False, key=reached))
            before = last
        return self._encoded(before, reached=self.code.settings.planes == 0)

    def levels(self, most: int) -> Iterator[Level]:
        for number in range(1, min(most, max(self.code.settings.planes, 1)) + 1):
            index = self.code.last_run_of(number)
            file = self.code.file(index)
            yield Level(number, len(file.data), self.code.pixels(index))

    def other_rates(self, most: int) -> dict[str, OtherRate]:
        return {}

    def _encoded(self, index: int, reached: bool = True) -> Encoded:
        file = self.code.file(index)
        found = contents(file, self.code.runs[index] if index >= 0 else None)
        return Encoded(found, reached, partial(self.code.pixels, index))


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
