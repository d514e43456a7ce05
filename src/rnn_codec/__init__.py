"""rnn-codec: progressive image compression with recurrent neural networks.

    import rnn_codec as rnc
    data = rnc.compress(pixels, rnc.BitsPerPixel(0.5))      # uint8 RGB, (H, W, 3)  →  bytes
    pixels = rnc.decompress(data[: len(data) // 2])         # half a file is still a picture

The names in `__all__` are the public interface. Everything else may change between versions.
"""

from typing import TYPE_CHECKING, Any

from rnn_codec.rates import MSSSIM, PSNR, BitsPerPixel, Bytes, Levels

if TYPE_CHECKING:
    from rnn_codec.api import compress, decompress, load, open

__all__ = [
    "MSSSIM",
    "PSNR",
    "BitsPerPixel",
    "Bytes",
    "Levels",
    "compress",
    "decompress",
    "load",
    "open",
]


def __getattr__(name: str) -> Any:
    """Import the functions that load models only when one is first used."""
    if name in __all__:
        from rnn_codec import api  # noqa: PLC0415

        return getattr(api, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
