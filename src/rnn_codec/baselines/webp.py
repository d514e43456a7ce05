"""Lossy WebP (libwebp), with its slowest and best search."""

from collections.abc import Mapping

from rnn_codec.baselines.classic import PillowCodec, whole_number


class WebP(PillowCodec):
    """WebP, which always keeps chroma at half the resolution."""

    name = "webp"
    title = "WebP"
    pillow_format = "WEBP"
    quality_limits = (0, 100)
    qualities = (0, 2, 5, 10, 20, 35, 50, 65, 75, 80, 85, 90, 93, 95)

    def options(self, quality: float) -> Mapping[str, object]:
        """Return Pillow's options at a whole quality from 0 to 100."""
        return {"quality": whole_number(quality), "method": 6}
