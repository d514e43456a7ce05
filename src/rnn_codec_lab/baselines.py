"""Classic codecs to compare with: JPEG, WebP, JPEG 2000 and AVIF, as Pillow writes their files."""

import io
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.errors import UserError

SOURCE_BPP = 24


@dataclass(frozen=True)
class ClassicCodec:
    """A codec with one quality setting: pixels to the bytes of a complete file, and back.

    Attributes:
        name: its name in options and records.
        title: its name in tables and on the page.
        pillow_format: Pillow's name of its file format.
        lowest: the lowest valid quality.
        highest: the highest valid quality.
        qualities: settings that span about 0.05 to 3 bits per pixel on Kodak, ascending; the first
            is the codec's lowest where that already costs more.
        options: maps a quality to the options of Pillow's `Image.save`.
    """

    name: str
    title: str
    pillow_format: str
    lowest: float
    highest: float
    qualities: tuple[float, ...]
    options: Callable[[float], Mapping[str, object]]

    def encode(self, rgb: NDArray[np.uint8], quality: float) -> bytes:
        """Compress (H, W, 3) uint8 RGB pixels; the length of the result is the file's size.

        Raises:
            ValueError: the pixels have another type or shape, or the quality is out of range.
        """
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise ValueError(f"pixels must be uint8 (H, W, 3), not {rgb.dtype} {rgb.shape}")
        if not self.lowest <= quality <= self.highest:
            raise ValueError(
                f"{self.name} has qualities {self.lowest} to {self.highest}, not {quality}"
            )
        file = io.BytesIO()
        Image.fromarray(rgb).save(file, format=self.pillow_format, **self.options(quality))
        return file.getvalue()

    def decode(self, data: bytes) -> NDArray[np.uint8]:
        """Return the (H, W, 3) uint8 RGB pixels of a file that `encode` wrote.

        Raises:
            UnidentifiedImageError: the data are in another format; Pillow raises it.
        """
        with Image.open(io.BytesIO(data), formats=[self.pillow_format]) as image:
            return np.array(image.convert("RGB"))


def best_within(qualities: Sequence[int], size_of: Callable[[int], int], limit: int) -> int | None:
    """Return the best quality with a file of at most `limit` bytes, by bisection.

    Args:
        qualities: from the smallest file to the largest.
        size_of: function that returns the size of the file of a quality, in bytes.

    Returns:
        None if even the first file is larger.

    >>> best_within(range(5), lambda quality: 10 * quality, 39), best_within([1], lambda _: 9, 5)
    (3, None)
    """
    found = bisect_right(qualities, limit, key=size_of)
    return qualities[found - 1] if found else None


class PictureFiles:
    """The files of a picture at whole-number qualities, each made when it is first needed.

    Args:
        codec: the codec.
        pixels: the picture, (H, W, 3), uint8 RGB.
    """

    def __init__(self, codec: ClassicCodec, pixels: NDArray[np.uint8]) -> None:
        self._codec, self._pixels = codec, pixels
        self._files: dict[int, bytes] = {}
        self._qualities = range(int(codec.lowest), int(codec.highest) + 1)

    def at(self, quality: int) -> bytes:
        """Return the file of a quality."""
        if quality not in self._files:
            self._files[quality] = self._codec.encode(self._pixels, quality)
        return self._files[quality]

    def best_within(self, limit: int) -> int | None:
        """Return the best quality with a file of at most `limit` bytes; None if there is none."""
        return best_within(self._qualities, lambda quality: len(self.at(quality)), limit)


def whole_number(quality: float) -> int:
    """Return a quality as an `int`; raise `ValueError` if it is not a whole number.

    >>> whole_number(75.0)
    75
    """
    if quality != int(quality):
        raise ValueError(f"the quality must be a whole number, not {quality}")
    return int(quality)


def _jpeg(name: str, subsampling: str) -> ClassicCodec:
    """JPEG (libjpeg-turbo), baseline, with the standard's Huffman tables.

    These are Pillow's defaults. They reproduce the JPEG of CompressAI's published curves within
    0.11 dB at equal rate. Huffman tables optimised for each image (`optimize=True`) save 0.08 bpp
    at the lowest quality and 0.03 at 1 bpp; the published curves do not use them.
    """
    return ClassicCodec(
        name=name,
        title=f"JPEG {subsampling}",
        pillow_format="JPEG",
        lowest=1,
        highest=100,
        qualities=(1, 5, 8, 12, 16, 20, 25, 30, 40, 50, 60, 70, 75, 80, 85, 90, 93, 95),
        options=lambda quality: {"quality": whole_number(quality), "subsampling": subsampling},
    )


JPEG_420 = _jpeg("jpeg_420", "4:2:0")
"""JPEG with chroma at half the resolution, as cameras and the web use it."""

WEBP = ClassicCodec(
    name="webp",
    title="WebP",
    pillow_format="WEBP",
    lowest=0,
    highest=100,
    qualities=(0, 2, 5, 10, 20, 35, 50, 65, 75, 80, 85, 90, 93, 95),
    options=lambda quality: {"quality": whole_number(quality), "method": 6},
)
"""Lossy WebP (libwebp) with its slowest, best search; chroma is at half the resolution."""

JPEG_2000 = ClassicCodec(
    name="jpeg2000",
    title="JPEG 2000",
    pillow_format="JPEG2000",
    lowest=0.01,
    highest=SOURCE_BPP,
    qualities=(0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5, 1.75, 2, 2.5, 3),
    options=lambda bpp: {
        "irreversible": True,
        "mct": 1,
        "quality_mode": "rates",
        "quality_layers": [SOURCE_BPP / bpp],
    },
)
"""JPEG 2000 (OpenJPEG) with the 9/7 wavelet; the quality is the target rate in bits per pixel.

Pillow's defaults, the lossless wavelet and no colour transform, cost 4 dB at 1 bpp. Both are set
here as the standard intends for lossy coding of RGB.
"""


def _avif(name: str, title: str, subsampling: str, speed: int) -> ClassicCodec:
    """AVIF, the still pictures of AV1 (libavif), from the slowest speed, 0, to the fastest, 10."""
    return ClassicCodec(
        name=name,
        title=title,
        pillow_format="AVIF",
        lowest=0,
        highest=100,
        qualities=(1, 10, 20, 30, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 93),
        # With several threads the encoder may split the picture; with one, files are reproducible.
        options=lambda quality: {
            "quality": whole_number(quality),
            "subsampling": subsampling,
            "speed": speed,
            "max_threads": 1,
        },
    )


AVIF = _avif("avif", "AVIF", "4:2:0", 6)
"""AVIF with chroma at half the resolution, at the speed of libavif's and Pillow's defaults."""

CLASSIC_CODECS = {
    codec.name: codec
    for codec in (
        JPEG_420,
        _jpeg("jpeg_444", "4:4:4"),
        WEBP,
        JPEG_2000,
        AVIF,
        _avif("avif_444", "AVIF 4:4:4", "4:4:4", 6),
        _avif("avif_slow", "AVIF, slowest", "4:2:0", 0),
        _avif("avif_444_slow", "AVIF 4:4:4, slowest", "4:4:4", 0),
    )
}
"""The classic codecs by their names in options and records."""


def classic_codec(name: str) -> ClassicCodec:
    """Return the codec of that name in `CLASSIC_CODECS`.

    Raises:
        UserError: the name is unknown.
    """
    if name not in CLASSIC_CODECS:
        raise UserError(
            f"unknown classic codec {name!r}: choose one of {', '.join(CLASSIC_CODECS)}"
        )
    return CLASSIC_CODECS[name]
