"""What a classic codec is, and those that Pillow writes."""

import io
from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray
from PIL import Image


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
