"""The meaning of the samples of a TIFF picture, and the kinds that are supported.

Pillow mistakes some kinds for others. So the supported kinds are listed here, and described to
Pillow with tags that it interprets correctly; other kinds are refused by name.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from PIL import Image

from rnn_codec.pictures.tiff_directories import (
    PHOTOMETRIC,
    SHORT,
    Directory,
    Values,
    numbers,
)

BITS_PER_SAMPLE, COMPRESSION, SAMPLES_PER_PIXEL, PLANAR = 258, 259, 277, 284
INK_SET, EXTRA_SAMPLES, SAMPLE_FORMAT = 332, 338, 339

YCBCR_COEFFICIENTS, YCBCR_SUBSAMPLING, REFERENCE_BLACK_WHITE = 529, 530, 532

BT601, FULL_RANGE = (0.299, 0.587, 0.114), (0.0, 255.0, 128.0, 255.0, 128.0, 255.0)
"""The parameters of YCbCr in a file that does not state them."""

FAX, OLD_JPEG = frozenset([2, 3, 4]), 6
"""Compressions."""

WHITE_IS_ZERO, BLACK_IS_ZERO, RGB, PALETTE, CMYK, YCBCR, LAB = 0, 1, 2, 3, 5, 6, 8
RAW = frozenset([32803, 34892])
"""Undeveloped pictures of a camera's sensor: one colour per pixel, or all of them [DNG]."""

COLOURS: Mapping[int, str] = {
    WHITE_IS_ZERO: "grey where white is zero",
    BLACK_IS_ZERO: "grey",
    RGB: "RGB",
    PALETTE: "palette",
    4: "transparency mask",
    CMYK: "CMYK",
    YCBCR: "YCbCr",
    LAB: "CIE L*a*b*",
    9: "ICC L*a*b*",
    10: "ITU L*a*b*",
    32844: "LogL",
    32845: "LogLuv",
}
"""Photometric interpretations."""
COUNTS = {WHITE_IS_ZERO: 1, BLACK_IS_ZERO: 1, RGB: 3, PALETTE: 1, CMYK: 4, YCBCR: 3, LAB: 3}
"""Number of samples of a colour."""

UNSIGNED, SIGNED, FLOAT = 1, 2, 3
NUMBERS: Mapping[int, str] = {
    UNSIGNED: "unsigned integers",
    SIGNED: "signed integers",
    FLOAT: "floating-point numbers",
    5: "complex integers",
    6: "complex floating-point numbers",
}
"""Sample formats."""

DEPTHS: Mapping[tuple[int, int], tuple[int, ...]] = {
    (WHITE_IS_ZERO, UNSIGNED): (1, 2, 4, 8, 12, 16),
    (WHITE_IS_ZERO, FLOAT): (32,),
    (BLACK_IS_ZERO, UNSIGNED): (1, 2, 4, 8, 12, 16, 32),
    (BLACK_IS_ZERO, SIGNED): (32,),
    (BLACK_IS_ZERO, FLOAT): (32,),
    (RGB, UNSIGNED): (8, 16),
    (PALETTE, UNSIGNED): (1, 2, 4, 8),
    (CMYK, UNSIGNED): (8, 16),
    (YCBCR, UNSIGNED): (8,),
    (LAB, UNSIGNED): (8,),
}
"""Supported bits of a sample, by colour and sample format."""

EXTRAS = frozenset([0, 1, 2, 999])
"""Supported extra samples: unspecified, premultiplied or separate opacity, Corel Draw's."""

IN_PLANES = frozenset([(RGB, ()), (RGB, (2,)), (CMYK, ())])
"""Supported colours and extra samples if every sample has a plane of its own."""

_NATIVE = {"I;32BS": "I;32NS", "F;32BF": "F;32NF"}
"""Pillow's names for numbers in big-endian order, and for those in this machine's order."""


@dataclass(frozen=True)
class Samples:
    """The samples of a pixel.

    Attributes:
        colour: a photometric interpretation; -1 if the file does not say.
        format: a sample format; 0 if the samples differ in it.
        bits: bits of each sample.
        extra: kinds of the samples after the colour: 0 unspecified, 1 and 2 opacity.
        are_planes: whether each sample has a plane of its own.
        compression: how the numbers are packed.
        inks: 1 if four samples are those of CMYK.
        are_jfif: whether YCbCr is that of JPEG, without subsampling.
    """

    colour: int
    format: int
    bits: tuple[int, ...]
    extra: tuple[int, ...]
    are_planes: bool
    compression: int
    inks: int
    are_jfif: bool

    def __str__(self) -> str:
        colour = COLOURS.get(self.colour, f"photometric interpretation {self.colour}")
        colour = "colours that it does not name" if self.colour < 0 else colour
        parts = [colour, *(["with alpha"] if {1, 2} & set(self.extra) else [])]
        depth = "-, ".join(str(bits) for bits in dict.fromkeys(self.bits))
        parts += [f"in {depth}-bit {NUMBERS.get(self.format, 'numbers of mixed kinds')}"]
        count = COUNTS.get(self.colour, len(self.bits))
        parts += [f"of {len(self.bits)} samples"] if len(self.bits) != count else []
        parts += ["plane by plane"] if self.are_planes else []
        parts += ["with inks other than CMYK"] if self.inks != 1 else []
        return " ".join(parts)

    @property
    def is_read(self) -> bool:
        """Whether the kind is listed here; Pillow may still not support it."""
        depths = DEPTHS.get((self.colour, self.format), ())
        if len(set(self.bits)) != 1 or self.bits[0] not in depths:
            return False
        if self.inks != 1 or not EXTRAS.issuperset(self.extra):
            return False
        colours = len(self.bits) - len(self.extra)
        # Opacity that the file does not declare is common.
        is_count = colours == COUNTS[self.colour] or (self.colour, colours) == (RGB, 4)
        return is_count and (not self.are_planes or (self.colour, self.extra) in IN_PLANES)

    @property
    def order_matters(self) -> bool:
        """Whether the byte order of the file matters."""
        return any(bits > 12 for bits in self.bits)

    @property
    def wants_libtiff(self) -> bool:
        """Whether Pillow must leave even uncompressed data to libtiff.

        Pillow itself supports neither planes of 16 bits nor any YCbCr but the simplest.
        """
        return self.are_planes or (self.colour == YCBCR and not self.are_jfif)

    def lines(self, order: str) -> dict[int, Values]:
        """The tags that describe the samples to Pillow; deep grey is changed by `black_at_zero`."""
        colour, kind = self.colour, self.format
        if self.bits[0] > 8 and colour == WHITE_IS_ZERO:
            colour = BLACK_IS_ZERO
        if self.bits[0] == 32 and kind == UNSIGNED:
            kind = SIGNED
        said = {
            BITS_PER_SAMPLE: self.bits,
            PHOTOMETRIC: (colour,),
            SAMPLES_PER_PIXEL: (len(self.bits),),
            PLANAR: (2 if self.are_planes else 1,),
            EXTRA_SAMPLES: self.extra,
            SAMPLE_FORMAT: (kind,),
        }
        return {tag: numbers(order, SHORT, *values) for tag, values in said.items()}


def samples_of(directory: Directory) -> Samples:
    """The samples that a directory states, with the defaults of missing tags."""
    compression = directory.number(COMPRESSION, 1)
    is_old = compression == OLD_JPEG
    count = directory.number(SAMPLES_PER_PIXEL, 3 if is_old else 1)
    bits = directory.numbers(BITS_PER_SAMPLE) or ((8,) if is_old else (1,))
    # One number may stand for all.
    bits = bits * min(count, 64) if len(bits) == 1 else bits[:count]
    formats = directory.numbers(SAMPLE_FORMAT)[:count] or (UNSIGNED,)
    colour = directory.number(PHOTOMETRIC, WHITE_IS_ZERO if compression in FAX else -1)
    extra = directory.numbers(EXTRA_SAMPLES)
    are_planes = directory.number(PLANAR, 1) == 2 and count > 1
    if are_planes and not any(extra):
        # Unspecified planes come last, and are ignored.
        bits, extra = bits[: len(bits) - len(extra)], ()
    return Samples(
        colour=YCBCR if is_old else colour,
        format=formats[0] if len(set(formats)) == 1 else 0,
        bits=bits,
        extra=extra,
        are_planes=are_planes and len(bits) > 1,
        compression=compression,
        inks=directory.number(INK_SET, 1) if colour == CMYK else 1,
        are_jfif=_are_jfif(directory),
    )


def _are_jfif(directory: Directory) -> bool:
    weights = directory.fractions(YCBCR_COEFFICIENTS) or BT601
    levels = directory.fractions(REFERENCE_BLACK_WHITE) or FULL_RANGE
    is_bt601 = len(weights) == 3 and np.allclose(weights, BT601, rtol=0, atol=1e-3)
    is_subsampled = directory.numbers(YCBCR_SUBSAMPLING) != (1, 1)
    return is_bt601 and levels == FULL_RANGE and not is_subsampled


def unpacked_natively(image: Any) -> None:
    """Correct the byte order that Pillow assumes: libtiff's numbers are in this machine's order.

    Args:
        image: an open TIFF picture that is not loaded yet.
    """
    image.tile = [
        tile._replace(args=(_NATIVE.get(tile.args[0], tile.args[0]), *tile.args[1:]))
        if tile.codec_name == "libtiff"
        else tile
        for tile in image.tile
    ]


def black_at_zero(image: Image.Image, samples: Samples) -> Image.Image:
    """A grey picture of 12, 16 or 32 bits as `read_rgb` needs it; any other is unchanged.

    Black is 0, and white is 65535, or 1 in floating point.
    """
    depth = samples.bits[0]
    if depth <= 8 or samples.colour not in (WHITE_IS_ZERO, BLACK_IS_ZERO):
        return image
    grey: Any = np.asarray(image)
    if depth == 12:
        grey = np.rint(grey * (65535 / 4095)).astype(np.uint16)
    if depth == 32 and samples.format == UNSIGNED:
        grey = np.minimum(grey.view(np.uint32), 65535).astype(np.int32)
    if samples.colour == WHITE_IS_ZERO:
        grey = np.float32(1) - grey if samples.format == FLOAT else 65535 - grey
    return Image.fromarray(grey)
