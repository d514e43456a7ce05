"""AVIF (libavif), the still pictures of AV1."""

from collections.abc import Mapping

from rnn_codec.baselines.classic import PillowCodec, whole_number


class Avif(PillowCodec):
    """AVIF with chroma at half the resolution and Pillow's default effort."""

    name = "avif"
    title = "AVIF"
    pillow_format = "AVIF"
    quality_limits = (0, 100)
    qualities = (1, 10, 20, 30, 40, 45, 50, 55, 60, 65, 70, 75, 80, 85, 90, 93)

    def options(self, quality: float) -> Mapping[str, object]:
        """Return Pillow's options at a whole quality from 0 to 100."""
        # The encoder may split the picture between threads: with one, files are reproducible.
        return {"quality": whole_number(quality), "subsampling": "4:2:0", "max_threads": 1}
