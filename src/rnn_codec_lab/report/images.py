"""Images inside the page: data URIs, lossless if the size limit of the page allows it."""

import base64
import io
from collections.abc import Sequence

import numpy as np
from PIL import Image

from rnn_codec.errors import UserError
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.psnr import psnr
from rnn_codec.models.protocol import Pixels

QUALITIES = (None, 99, 95, 90, 80)
"""Qualities of WebP, the best first; None is lossless. Even with the last, the error of a stored
picture is some 10 dB smaller than that of the codec."""


def data_uri(kind: str, data: bytes) -> str:
    """Return a file as the data URI of an image.

    >>> data_uri("png", b"abc")
    'data:image/png;base64,YWJj'
    """
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def webp(pixels: Pixels, quality: int | None = None) -> bytes:
    """Encode (H, W, 3) uint8 RGB pixels as a WebP file, lossless unless a quality is given."""
    file = io.BytesIO()
    options = {"lossless": True} if quality is None else {"quality": quality}
    Image.fromarray(pixels).save(file, format="WEBP", **options)
    return file.getvalue()


def store(
    pictures: Sequence[Pixels], room: float, qualities: Sequence[int | None] = QUALITIES
) -> tuple[list[str], str]:
    """Store pictures with the first quality at which they fit into `room` characters in total.

    Returns:
        Data URIs in the order of the pictures, and their fidelity in words.

    Raises:
        UserError: they do not fit even at the last quality.
    """
    for quality in qualities:
        uris: list[str] = []
        for pixels in pictures:
            uris.append(data_uri("webp", webp(pixels, quality)))
            if sum(map(len, uris)) > room:
                break
        else:
            if quality is None or not pictures:
                return uris, "lossless WebP, exactly as decoded"
            lowest = min(_psnr(pixels, quality) for pixels in pictures)
            return (
                uris,
                f"WebP of quality {quality}, PSNR at least {lowest:.1f} dB to what was decoded",
            )
    raise UserError(
        f"{len(pictures)} reconstructions do not fit into the page: raise megabytes=, or choose "
        "fewer models (most_models=, models=), fewer pictures (most_pictures=, pictures=) or a "
        "smaller crop="
    )


def _psnr(pixels: Pixels, quality: int) -> float:
    with Image.open(io.BytesIO(webp(pixels, quality))) as image:
        shown = np.asarray(image.convert("RGB"))
    return float(psnr(pixels_to_batch(shown), pixels_to_batch(pixels)))
