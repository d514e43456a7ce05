"""Classic codecs: JPEG, WebP, JPEG 2000 and AVIF, as Pillow writes them."""

import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SOURCE_BPP = 24


class ClassicCodec(ABC):
    """A codec with one quality setting: pixels to the bytes of a complete file, and back."""

    name: ClassVar[str]
    """The name in the registry and in records."""
    title: ClassVar[str]
    """What tables and the page call it."""
    qualities: ClassVar[tuple[float, ...]]
    """Settings that span about 0.05 to 3 bits per pixel on Kodak, ascending; the first is the
    codec's lowest where that already costs more."""

    @abstractmethod
    def encode(self, rgb: NDArray[np.uint8], quality: float) -> bytes:
        """Compress (H, W, 3) uint8 RGB pixels; the length of the result is the file's size."""

    @abstractmethod
    def decode(self, data: bytes) -> NDArray[np.uint8]:
        """Return the (H, W, 3) uint8 RGB pixels of what `encode` wrote."""


class PillowCodec(ClassicCodec):
    """A codec that Pillow writes: subclasses name the format and translate the quality."""

    pillow_format: ClassVar[str]
    quality_limits: ClassVar[tuple[float, float]]
    """The lowest and the highest quality that mean something to this codec."""

    @abstractmethod
    def options(self, quality: float) -> Mapping[str, object]:
        """Return the options of Pillow's `Image.save` at `quality`."""

    def encode(self, rgb: NDArray[np.uint8], quality: float) -> bytes:
        """Compress as the base says. Raises `ValueError` for other pixels or qualities."""
        if rgb.dtype != np.uint8 or rgb.ndim != 3 or rgb.shape[2] != 3:
            raise ValueError(f"pixels must be uint8 (H, W, 3), not {rgb.dtype} {rgb.shape}")
        lowest, highest = self.quality_limits
        if not lowest <= quality <= highest:
            raise ValueError(f"{self.name} has qualities {lowest} to {highest}, not {quality}")
        file = io.BytesIO()
        Image.fromarray(rgb).save(file, format=self.pillow_format, **self.options(quality))
        return file.getvalue()

    def decode(self, data: bytes) -> NDArray[np.uint8]:
        """Decompress as the base says. Raises Pillow's `UnidentifiedImageError` for another format.

        Only the codec's own format is accepted.
        """
        with Image.open(io.BytesIO(data), formats=[self.pillow_format]) as image:
            return np.array(image.convert("RGB"))


def whole_number(quality: float) -> int:
    """Return a quality that must be whole as an `int`; raises `ValueError` for another.

    >>> whole_number(75.0)
    75
    """
    if quality != int(quality):
        raise ValueError(f"the quality must be a whole number, not {quality}")
    return int(quality)


class Jpeg420(PillowCodec):
    """JPEG (libjpeg-turbo) with chroma at half the resolution, as cameras and the web have it.

    It is baseline JPEG with the standard's Huffman tables: Pillow's defaults, and the JPEG of
    CompressAI's published curves, within 0.11 dB at equal rate. Huffman tables fitted to each image
    (`optimize=True`) save 0.08 bpp at the lowest quality and 0.03 at 1 bpp; the published curves
    are without them.
    """

    name = "jpeg_420"
    title = "JPEG 4:2:0"
    pillow_format = "JPEG"
    quality_limits = (1, 100)
    qualities = (1, 5, 8, 12, 16, 20, 25, 30, 40, 50, 60, 70, 75, 80, 85, 90, 93, 95)
    subsampling: ClassVar[str] = "4:2:0"

    def options(self, quality: float) -> Mapping[str, object]:
        """Return Pillow's options at a whole quality from 1 to 100."""
        return {"quality": whole_number(quality), "subsampling": self.subsampling}


class Jpeg444(Jpeg420):
    """JPEG with chroma at full resolution."""

    name = "jpeg_444"
    title = "JPEG 4:4:4"
    subsampling = "4:4:4"


class WebP(PillowCodec):
    """Lossy WebP (libwebp), with its slowest and best search; chroma is at half the resolution."""

    name = "webp"
    title = "WebP"
    pillow_format = "WEBP"
    quality_limits = (0, 100)
    qualities = (0, 2, 5, 10, 20, 35, 50, 65, 75, 80, 85, 90, 93, 95)

    def options(self, quality: float) -> Mapping[str, object]:
        """Return Pillow's options at a whole quality from 0 to 100."""
        return {"quality": whole_number(quality), "method": 6}


class Jpeg2000(PillowCodec):
    """JPEG 2000 (OpenJPEG), its 9/7 wavelet; the quality is the target rate in bits per pixel.

    Pillow's defaults are the lossless wavelet and no colour transform, which cost 4 dB at 1 bpp:
    both are set here as the standard means lossy coding of RGB.
    """

    name = "jpeg2000"
    title = "JPEG 2000"
    pillow_format = "JPEG2000"
    quality_limits = (0.01, SOURCE_BPP)
    qualities = (0.05, 0.1, 0.15, 0.2, 0.3, 0.4, 0.5, 0.65, 0.8, 1, 1.25, 1.5, 1.75, 2, 2.5, 3)

    def options(self, quality: float) -> Mapping[str, object]:
        """Return Pillow's options at a rate of `quality` bits per pixel."""
        return {
            "irreversible": True,
            "mct": 1,
            "quality_mode": "rates",
            "quality_layers": [SOURCE_BPP / quality],
        }


class Avif(PillowCodec):
    """AVIF (libavif), the still pictures of AV1: chroma at half the resolution, Pillow's effort."""

    name = "avif"
    title = "AVIF"
    pillow_format = "AVIF"
    quality_limits = (0, 100)
    qualities = (1, 10, 20, 30, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 93)

    def options(self, quality: float) -> Mapping[str, object]:
        """Return Pillow's options at a whole quality from 0 to 100."""
        # The encoder may split the picture between threads: with one, files are reproducible.
        return {"quality": whole_number(quality), "subsampling": "4:2:0", "max_threads": 1}
