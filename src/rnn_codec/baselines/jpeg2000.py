"""JPEG 2000 (OpenJPEG), its lossy 9/7 wavelet, at a given rate."""

from collections.abc import Mapping

from rnn_codec.baselines.classic import PillowCodec

SOURCE_BPP = 24


class Jpeg2000(PillowCodec):
    """JPEG 2000; the quality is the target rate in bits per pixel.

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
