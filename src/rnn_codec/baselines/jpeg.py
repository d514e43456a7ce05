"""JPEG (libjpeg-turbo), baseline, with the standard's Huffman tables.

These are Pillow's defaults, and the JPEG of CompressAI's published curves, within 0.11 dB at equal
rate. Huffman tables fitted to each image (`optimize=True`) save 0.08 bpp at the lowest quality and
0.03 at 1 bpp; the published curves are without them.
"""

from collections.abc import Mapping
from typing import ClassVar

from rnn_codec.baselines.classic import PillowCodec, whole_number


class Jpeg420(PillowCodec):
    """JPEG with chroma at half the resolution, the usual choice of cameras and the web."""

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
