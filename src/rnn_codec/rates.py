"""How large a file may be, or how good its picture must be.

how large    Levels(8)   Bytes(20_000)   BitsPerPixel(0.5)
how good     PSNR(32.0)  MSSSIM(0.98)

Rates are plain data; the `Session` of a family of codecs meets them.
"""

import math
from dataclasses import dataclass
from typing import ClassVar, TypeAlias

from rnn_codec.errors import InvalidOptionError
from rnn_codec.numbers import real_number, whole_number


@dataclass(frozen=True)
class Levels:
    """A file of `count` levels everywhere in the picture: iterations, or planes."""

    count: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", whole_number("a number of levels", self.count))
        if self.count < 1:
            raise InvalidOptionError(f"a file has at least 1 level, not {self.count}")


@dataclass(frozen=True)
class Bytes:
    """A file of at most `count` bytes."""

    count: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "count", whole_number("a number of bytes", self.count))
        if self.count < 1:
            raise InvalidOptionError(f"a file has at least 1 byte, not {self.count}")

    def bytes_for(self, pixels: int) -> int:
        """The most bytes that a picture with this number of pixels may take."""
        return self.count


@dataclass(frozen=True)
class BitsPerPixel:
    """A file of at most `value` bits for each pixel of the picture."""

    value: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "value", real_number("bits per pixel", self.value))
        if not 0 < self.value < math.inf:
            raise InvalidOptionError(f"bits per pixel must be positive, not {self.value:g}")

    def bytes_for(self, pixels: int) -> int:
        """The most bytes that a picture with this number of pixels may take.

        >>> BitsPerPixel(0.5).bytes_for(768 * 512)
        24576
        """
        # With this tolerance a rate computed from a file's length gives that length again.
        return math.floor(self.value * pixels / 8 * (1 + 1e-12))


@dataclass(frozen=True)
class PSNR:
    """The smallest file with a PSNR of at least `decibels`, to within 0.05 dB."""

    metric: ClassVar = "psnr"
    """The metric's name in `metrics.scores.SCORES`."""
    tolerance: ClassVar = 0.05
    """How far the score may be from the requested one."""

    decibels: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "decibels", real_number("PSNR", self.decibels))
        if not 0 < self.decibels <= 100:
            raise InvalidOptionError(f"PSNR must be in 0 … 100 dB, not {self.decibels:g}")

    def __str__(self) -> str:
        return f"a PSNR of {self.decibels:g} dB"

    @property
    def least(self) -> float:
        """The score to reach."""
        return self.decibels

    def loss(self, score: float) -> float:
        """The squared error that corresponds to a score, up to a factor."""
        return 10 ** (-score / 10)


@dataclass(frozen=True)
class MSSSIM:
    """The smallest file with an MS-SSIM of at least `similarity`, 0 … 1.

    The tolerance is 1 % of the difference to 1. Pictures need sides of at least 161 pixels.
    """

    metric: ClassVar = "ms_ssim"

    similarity: float

    def __post_init__(self) -> None:
        object.__setattr__(self, "similarity", real_number("MS-SSIM", self.similarity))
        if not 0 < self.similarity <= 1:
            raise InvalidOptionError(f"MS-SSIM must be in 0 … 1, not {self.similarity:g}")

    def __str__(self) -> str:
        return f"an MS-SSIM of {self.similarity:g}"

    @property
    def least(self) -> float:
        """The score to reach."""
        return self.similarity

    @property
    def tolerance(self) -> float:
        """How far the score may be from the requested one."""
        return 0.01 * (1 - self.similarity)

    def loss(self, score: float) -> float:
        """The difference between a score and 1."""
        return max(1 - score, 1e-9)


Size: TypeAlias = Bytes | BitsPerPixel
Quality: TypeAlias = PSNR | MSSSIM
Rate: TypeAlias = Levels | Size | Quality

DEFAULT = BitsPerPixel(1.0)
"""The rate if none is given."""
