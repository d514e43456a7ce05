"""How large a file may be, or how good its picture must be: where to stop coding.

how large    Iterations(8)   Bytes(20_000)   BitsPerPixel(0.5)
how good     PSNR(32.0)      MSSSIM(0.98)
"""

import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from torch import Tensor

from rnn_codec.code import CODE_DEPTH, MAX_ITERATIONS, STRIDE
from rnn_codec.codec import check_iterations
from rnn_codec.entropy.coder import Stream
from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.metrics.ms_ssim import ms_ssim
from rnn_codec.metrics.psnr import psnr

BITS_PER_PIXEL = CODE_DEPTH / STRIDE**2
"""Of one iteration, before entropy coding."""

LIKELY_SAVING = 2.0
"""An entropy coder seldom makes a stream smaller than this part of its bits."""


class BudgetError(UserError, ValueError):
    """Too few bytes for anything of the picture."""


class Stop(NamedTuple):
    """Where a stream is cut.

    Attributes:
        iterations: whole ones before the cut.
        rows: rows of the code, 16 pixels each, of the next.
        reached: whether the picture is as good as asked for; True where nothing was asked.
    """

    iterations: int
    rows: int = 0
    reached: bool = True


class Picture(ABC):
    """A picture being coded, as far as a rate looks at it."""

    pixels: int

    @abstractmethod
    def stream(self, iterations: int) -> Stream:
        """The code of at least the first `iterations`."""

    @abstractmethod
    def file_bytes(self, stream_bytes: int, cut: bool) -> int:
        """Length of a file with so much of the stream, cut within an iteration or after one."""

    @abstractmethod
    def scores(self, metric: Callable[[Tensor, Tensor], Tensor]) -> Iterator[float]:
        """The reconstructions' scores after 1, 2, … 16 iterations, each as it is decoded."""


class Rate(ABC):
    """A choice of where to stop."""

    @abstractmethod
    def stop(self, picture: Picture) -> Stop:
        """Where to cut the picture's stream."""


@dataclass(frozen=True)
class Iterations(Rate):
    """So many iterations, 1 … 16."""

    count: int = MAX_ITERATIONS

    def __post_init__(self) -> None:
        check_iterations(self.count)

    def stop(self, picture: Picture) -> Stop:
        """See `Rate.stop`."""
        return Stop(self.count)


class Budget(Rate):
    """A file no longer than so many bytes, header included: cut after the last row that fits."""

    @abstractmethod
    def bytes_for(self, pixels: int) -> int:
        """The most bytes for a picture of so many pixels."""

    def stop(self, picture: Picture) -> Stop:
        """See `Rate.stop`.

        Raises:
            BudgetError: the header and the first row do not fit.
        """
        budget = self.bytes_for(picture.pixels)
        stream = picture.stream(_likely_iterations(budget, picture.pixels))
        if picture.file_bytes(len(stream.data), cut=False) <= budget:
            stream = picture.stream(MAX_ITERATIONS)
        return _last_within(budget, stream, picture)


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
    """The first iteration whose reconstruction scores at least so much; all 16 where none does."""

    @property
    @abstractmethod
    def least(self) -> float:
        """The score to reach."""

    @abstractmethod
    def metric(self, image: Tensor, reference: Tensor) -> Tensor:
        """The score of uint8 batches, (B, 3, H, W) twice to (B,)."""

    def stop(self, picture: Picture) -> Stop:
        """See `Rate.stop`."""
        for iterations, score in enumerate(picture.scores(self.metric), start=1):
            if score >= self.least:
                return Stop(iterations)
        return Stop(MAX_ITERATIONS, reached=False)


@dataclass(frozen=True)
class PSNR(Target):
    """At least so many decibels."""

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

    def metric(self, image: Tensor, reference: Tensor) -> Tensor:
        """See `Target.metric`."""
        return psnr(image, reference)


@dataclass(frozen=True)
class MSSSIM(Target):
    """At least so much structural similarity, 0 … 1; for sides of 161 pixels and more."""

    score: float

    def __post_init__(self) -> None:
        if not 0 < self.score <= 1:
            raise InvalidOptionError(f"MS-SSIM must be in 0 … 1, not {self.score:g}")

    def __str__(self) -> str:
        return f"an MS-SSIM of {self.score:g}"

    @property
    def least(self) -> float:
        """See `Target.least`."""
        return self.score

    def metric(self, image: Tensor, reference: Tensor) -> Tensor:
        """See `Target.metric`."""
        return ms_ssim(image, reference)


def _likely_iterations(budget: int, pixels: int) -> int:
    """How many iterations most likely fill a budget: running the networks is what takes time.

    >>> [_likely_iterations(budget, 768 * 512) for budget in (1000, 24576, 10**6)]
    [1, 8, 16]
    """
    needed = math.ceil(LIKELY_SAVING * 8 * budget / (BITS_PER_PIXEL * pixels))
    return min(max(needed, 1), MAX_ITERATIONS)


def _last_within(budget: int, stream: Stream, picture: Picture) -> Stop:
    cuts = [[picture.file_bytes(int(end), cut=True) for end in row] for row in stream.row_ends]
    wholes = [[picture.file_bytes(int(end), cut=False)] for end in stream.iteration_ends]
    files = np.concatenate([cuts, wholes], axis=1)
    fitting = np.flatnonzero(files <= budget)
    if fitting.size == 0:
        raise BudgetError(
            f"{budget} bytes are too few for the header and the first row of the code: "
            f"allow {files[0, 0]} bytes ({8 * files[0, 0] / picture.pixels:.3g} bits per pixel)"
        )
    iterations, rows = divmod(int(fitting[-1]) + 1, files.shape[1])
    return Stop(iterations, rows)
