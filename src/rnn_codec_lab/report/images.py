"""Images inside the page: data URIs, without loss where the page may be large enough."""

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
"""Of WebP, the best first; None without loss. With the last, pictures are still some 10 dB nearer
to a codec's pixels than these are to the original."""


def data_uri(kind: str, data: bytes) -> str:
    """A file as the address of an image.

    >>> data_uri("png", b"abc")
    'data:image/png;base64,YWJj'
    """
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def webp(pixels: Pixels, quality: int | None = None) -> bytes:
    """(H, W, 3) uint8 RGB pixels as a file; without loss unless a quality is given."""
    file = io.BytesIO()
    options = {"lossless": True} if quality is None else {"quality": quality}
    Image.fromarray(pixels).save(file, format="WEBP", **options)
    return file.getvalue()


def store(
    pictures: Sequence[Pixels], room: float, qualities: Sequence[int | None] = QUALITIES
) -> tuple[list[str], str]:
    """Store pictures with the first quality that needs at most `room` characters for all.

    Returns:
        Data URIs in the order of the pictures, and how true they are, in words.

    Raises:
        UserError: the last quality needs more.
    """
    for quality in qualities:
        uris: list[str] = []
        for pixels in pictures:
            uris.append(data_uri("webp", webp(pixels, quality)))
            if sum(map(len, uris)) > room:
                break
        else:
            if quality is None or not pictures:
                return uris, "WebP without loss, exactly as decoded"
            lowest = min(_psnr(pixels, quality) for pixels in pictures)
            return (
                uris,
                f"WebP of quality {quality}, at least {lowest:.1f} dB from what was decoded",
            )
    raise UserError(
        f"{len(pictures)} reconstructions do not fit into the page: allow more with megabytes=, "
        "or fewer models by most_models= or models=, fewer pictures= or a smaller crop="
    )


def _psnr(pixels: Pixels, quality: int) -> float:
    with Image.open(io.BytesIO(webp(pixels, quality))) as image:
        shown = np.asarray(image.convert("RGB"))
    return float(psnr(pixels_to_batch(shown), pixels_to_batch(pixels)))
