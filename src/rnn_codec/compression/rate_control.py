"""How large a file may be, or how good its picture must be: what is coded, and where it is cut.

how large    Iterations(8)   Bytes(20_000)   BitsPerPixel(0.5)
how good     PSNR(32.0)      MSSSIM(0.98)

`Iterations` codes every position alike. The others give bits to the positions where they help most:

    coding 1   the same everywhere: tables of distortion and bits         ─► stops
    coding 2   with these stops: what the file takes, how good it is      ─► stops, corrected
    coding 3   if the second misses what was asked for

and take the best of them.
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from torch import Tensor

from rnn_codec.code import CODE_DEPTH, MAX_ITERATIONS, MOST_ITERATIONS, STRIDE
from rnn_codec.codec import Codes, check_iterations
from rnn_codec.compression.adaptation import Choices, Table, cumulative
from rnn_codec.entropy.coder import Stream
from rnn_codec.entropy.stops import Stops
from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.metrics.ms_ssim import ms_ssim
from rnn_codec.metrics.psnr import psnr

BITS_PER_PIXEL = CODE_DEPTH / STRIDE**2
"""Of one iteration, before entropy coding."""

FURTHEST, MORE = 3, 5
"""A position may have so many times the iterations that a budget holds everywhere, and more."""
NEAR = 0.01
"""A code that misses its budget by no more than this share is not made again, but cut if it is
too long."""
MARGIN = 0.995
"""A second try aims at so much of the distortion that is allowed: it has to be good enough."""


class BudgetError(UserError, ValueError):
    """Too few bytes for anything of the picture."""


class Cut(NamedTuple):
    """Where a stream ends.

    Attributes:
        iterations: whole ones before the cut.
        rows: rows of the code, 16 pixels each, of the next.
    """

    iterations: int
    rows: int = 0


@dataclass(frozen=True)
class Coding:
    """A picture, coded once.

    Attributes:
        codes: of one image.
        stream: of these codes.
        distortion: how far each position is off after 0, 1, … iterations, a `Table`.
    """

    codes: Codes
    stream: Stream
    distortion: Table

    @property
    def iterations(self) -> int:
        """That the stream holds."""
        return len(self.stream.iteration_ends)

    def choices(self) -> Choices:
        """What positions may do, as far as this coding tells."""
        return Choices(self.distortion, cumulative(self.stream.costs))

    def off(self, cut: Cut) -> float:
        """How far the picture is off where the stream is cut."""
        rows = np.arange(self.distortion.shape[1])[:, None]
        sent = np.where(rows < cut.rows, cut.iterations + 1, cut.iterations)
        if self.codes.stops is not None:
            sent = np.minimum(sent, self.codes.stops[0].cpu().numpy())
        sent = np.broadcast_to(sent, self.distortion.shape[1:])
        return float(np.take_along_axis(self.distortion, sent[None].astype(np.int64), 0).sum())


class Chosen(NamedTuple):
    """What a file is made of.

    Attributes:
        coding: of the picture.
        cut: where its stream ends.
        reached: whether the picture is as good as asked for; True where nothing was asked.
    """

    coding: Coding
    cut: Cut
    reached: bool = True


class Picture(ABC):
    """A picture being coded, as far as a rate looks at it."""

    pixels: int
    iterations: int
    """The most that its codec has."""

    @abstractmethod
    def coded(self, iterations: int) -> Coding:
        """Every position with so many iterations."""

    @abstractmethod
    def coded_with(self, stops: Stops) -> Coding:
        """Every position with iterations of its own, the most of them at least 1."""

    @abstractmethod
    def file_bytes(self, stream_bytes: int, cut: bool) -> int:
        """Length of a file with so much of the stream, cut within an iteration or after one."""

    @abstractmethod
    def scores(self, metric: Callable[[Tensor, Tensor], Tensor]) -> Iterator[float]:
        """Scores after 1, 2, … iterations everywhere, each as it is decoded."""

    @abstractmethod
    def score(self, coding: Coding, metric: Callable[[Tensor, Tensor], Tensor]) -> float:
        """The score of a whole coding."""


class Rate(ABC):
    """A choice of what is coded."""

    @abstractmethod
    def choose(self, picture: Picture) -> Chosen:
        """Code the picture as often as it takes."""


@dataclass(frozen=True)
class Iterations(Rate):
    """So many iterations everywhere, 1 … 32 and no more than the model has."""

    count: int = MAX_ITERATIONS

    def __post_init__(self) -> None:
        check_iterations(self.count, MOST_ITERATIONS)

    def choose(self, picture: Picture) -> Chosen:
        """See `Rate.choose`."""
        check_iterations(self.count, picture.iterations)
        return Chosen(picture.coded(self.count), Cut(self.count))


class Budget(Rate):
    """A file no longer than so many bytes, header included: cut after the last row that fits."""

    @abstractmethod
    def bytes_for(self, pixels: int) -> int:
        """The most bytes for a picture of so many pixels."""

    def choose(self, picture: Picture) -> Chosen:
        """See `Rate.choose`.

        Raises:
            BudgetError: the header and the first row do not fit.
        """
        budget = self.bytes_for(picture.pixels)
        uniform = picture.coded(_worth_trying(budget, picture))
        if picture.file_bytes(len(uniform.stream.data), cut=False) <= budget:
            uniform = picture.coded(picture.iterations)
        found = _last_within(budget, uniform, picture)
        aim = 8.0 * (budget - picture.file_bytes(0, cut=True))
        for _ in range(2):
            stops = uniform.choices().of_size(aim)
            if stops.max() == 0:
                break
            coding = picture.coded_with(stops)
            found += _last_within(budget, coding, picture)
            filled = picture.file_bytes(len(coding.stream.data), cut=False) / budget
            if abs(filled - 1) <= NEAR:
                break
            aim /= filled
        if not found:
            raise _too_few(budget, uniform, picture)
        return min(found, key=lambda chosen: chosen.coding.off(chosen.cut))


@dataclass(frozen=True)
class Bytes(Budget):
    """A file of at most `count` bytes."""

    count: int

    def __post_init__(self) -> None:
        if self.count < 1:
            raise InvalidOptionError(f"a file has at least 1 byte, not {self.count}")

    def bytes_for(self, pixels: int) -> int:
        """See `Budget.bytes_for`."""
        return self.count


@dataclass(frozen=True)
class BitsPerPixel(Budget):
    """A file of at most `value` bits for each pixel of the picture."""

    value: float

    def __post_init__(self) -> None:
        if not 0 < self.value < math.inf:
            raise InvalidOptionError(f"bits per pixel must be positive, not {self.value:g}")

    def bytes_for(self, pixels: int) -> int:
        """See `Budget.bytes_for`.

        >>> BitsPerPixel(0.5).bytes_for(768 * 512)
        24576
        """
        # The least tolerance: a rate read off a file's length must give that length again.
        return math.floor(self.value * pixels / 8 * (1 + 1e-12))


class Target(Rate):
    """The smallest file whose picture scores so much; all iterations where none does."""

    @property
    @abstractmethod
    def least(self) -> float:
        """The score to reach."""

    @property
    @abstractmethod
    def tolerance(self) -> float:
        """By how much a score may miss it."""

    @abstractmethod
    def metric(self, image: Tensor, reference: Tensor) -> Tensor:
        """The score of uint8 batches, (B, 3, H, W) twice to (B,)."""

    @abstractmethod
    def loss(self, score: float) -> float:
        """What is in proportion to the distortion of a picture with such a score, about."""

    def choose(self, picture: Picture) -> Chosen:
        """See `Rate.choose`."""
        scores: list[float] = []
        for score in picture.scores(self.metric):
            scores.append(score)
            if score >= self.least:
                break
        uniform = picture.coded(picture.iterations)
        if scores[-1] < self.least:
            return Chosen(uniform, Cut(picture.iterations), reached=False)
        plain = Chosen(uniform, Cut(len(scores)))
        adaptive = self._adapted(picture, uniform, scores[-1], uniform.off(plain.cut))
        return adaptive if adaptive is not None and _shorter(adaptive, plain) else plain

    def _adapted(
        self, picture: Picture, uniform: Coding, score: float, off: float
    ) -> Chosen | None:
        """A coding with stops that scores what it should; None if there is none.

        Args:
            picture: to code.
            uniform: all iterations everywhere.
            score: of the picture after the fewest iterations that reach the target.
            off: how far it is off there.
        """
        near: Chosen | None = None
        for _ in range(2):
            aim = off * self.loss(self.least) / self.loss(score)
            stops = uniform.choices().of_distortion(MARGIN * aim)
            if stops.max() == 0:
                break
            coding = picture.coded_with(stops)
            score = picture.score(coding, self.metric)
            # What was predicted of these stops, not what came of them: the next is predicted too.
            off = uniform.choices().total(stops)
            if score >= self.least - self.tolerance:
                near = Chosen(coding, Cut(coding.iterations))
            if abs(score - self.least) <= self.tolerance:
                break
        return near


@dataclass(frozen=True)
class PSNR(Target):
    """At least so many decibels, to 0.05 dB."""

    decibels: float

    def __post_init__(self) -> None:
        if not 0 < self.decibels <= 100:
            raise InvalidOptionError(f"PSNR must be in 0 … 100 dB, not {self.decibels:g}")

    def __str__(self) -> str:
        return f"a PSNR of {self.decibels:g} dB"

    @property
    def least(self) -> float:
        """See `Target.least`."""
        return self.decibels

    @property
    def tolerance(self) -> float:
        """See `Target.tolerance`."""
        return 0.05

    def metric(self, image: Tensor, reference: Tensor) -> Tensor:
        """See `Target.metric`."""
        return psnr(image, reference)

    def loss(self, score: float) -> float:
        """The squared error."""
        return 10 ** (-score / 10)


@dataclass(frozen=True)
class MSSSIM(Target):
    """At least so much structural similarity, 0 … 1, to a hundredth of what it lacks to 1.

    For sides of 161 pixels and more.
    """

    similarity: float

    def __post_init__(self) -> None:
        if not 0 < self.similarity <= 1:
            raise InvalidOptionError(f"MS-SSIM must be in 0 … 1, not {self.similarity:g}")

    def __str__(self) -> str:
        return f"an MS-SSIM of {self.similarity:g}"

    @property
    def least(self) -> float:
        """See `Target.least`."""
        return self.similarity

    @property
    def tolerance(self) -> float:
        """See `Target.tolerance`."""
        return 0.01 * (1 - self.similarity)

    def metric(self, image: Tensor, reference: Tensor) -> Tensor:
        """See `Target.metric`."""
        return ms_ssim(image, reference)

    def loss(self, score: float) -> float:
        """What the score lacks to 1."""
        return max(1 - score, 1e-9)


def _shorter(one: Chosen, other: Chosen) -> bool:
    return _end(one) < _end(other)


def _end(chosen: Chosen) -> int:
    return int(chosen.coding.stream.iteration_ends[chosen.cut.iterations - 1])


def _worth_trying(budget: int, picture: Picture) -> int:
    """Iterations that positions may have: running the networks is what takes time.

    The few that would go further gain little by it.
    """
    alike = 8 * budget / (BITS_PER_PIXEL * picture.pixels)
    return min(math.ceil(FURTHEST * alike) + MORE, picture.iterations)


def _last_within(budget: int, coding: Coding, picture: Picture) -> list[Chosen]:
    """The last cut that leaves no more than a budget; none if even the first row is too long."""
    fitting = np.flatnonzero(_file_sizes(coding, picture) <= budget)
    if fitting.size == 0:
        return []
    iterations, rows = divmod(int(fitting[-1]) + 1, coding.stream.row_ends.shape[1] + 1)
    return [Chosen(coding, Cut(iterations, rows))]


def _file_sizes(coding: Coding, picture: Picture) -> NDArray[np.int64]:
    """Of files cut after each row, and after each iteration; (iterations, rows + 1)."""
    stream = coding.stream
    cuts = [[picture.file_bytes(int(end), cut=True) for end in row] for row in stream.row_ends]
    wholes = [[picture.file_bytes(int(end), cut=False)] for end in stream.iteration_ends]
    return np.concatenate([cuts, wholes], axis=1)


def _too_few(budget: int, coding: Coding, picture: Picture) -> BudgetError:
    least = int(_file_sizes(coding, picture)[0, 0])
    return BudgetError(
        f"{budget} bytes are too few for the header and the first row of the code: "
        f"allow {least} bytes ({8 * least / picture.pixels:.3g} bits per pixel)"
    )
