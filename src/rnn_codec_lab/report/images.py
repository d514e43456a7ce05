"""Images inside the page: data URIs, without loss where the page may be large enough."""

import base64
import io
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.errors import UserError

Pixels = NDArray[np.uint8]


QUALITIES = (None, 99, 95, 90, 80)
"""Of WebP, the best first; None without loss. With the last, pictures are still some 10 dB nearer
to a codec's pixels than these are to the original."""


@dataclass(frozen=True)
class Stored:
    """Reconstructions as data URIs.

    Attributes:
        format: how they are stored.
        uris: in the order of the pixels.
        lowest_psnr: of the stored against the exact pixels, dB; None without loss.
    """

    format: str
    uris: list[str]
    lowest_psnr: float | None


def data_uri(kind: str, data: bytes) -> str:
    """A file as the address of an image.

    >>> data_uri("png", b"abc")
    'data:image/png;base64,YWJj'
    """
    return f"data:image/{kind};base64,{base64.b64encode(data).decode('ascii')}"


def webp(pixels: Pixels, quality: int | None = None) -> str:
    """The address of (H, W, 3) uint8 RGB pixels as WebP; without loss unless a quality is given."""
    file = io.BytesIO()
    options = {"lossless": True} if quality is None else {"quality": quality}
    Image.fromarray(pixels).save(file, format="WEBP", **options)
    return data_uri("webp", file.getvalue())


def store(
    pictures: Sequence[Pixels], room: float, qualities: Sequence[int | None] = QUALITIES
) -> Stored:
    """Store pictures with the first quality that needs at most `room` characters for all.

    Raises:
        UserError: the last one needs more.
    """
    for quality in qualities:
        uris = _uris_within(pictures, quality, room)
        if uris is not None:
            name = "WebP without loss" if quality is None else f"WebP of quality {quality}"
            exact = quality is None or not uris
            return Stored(name, uris, None if exact else _lowest_psnr(pictures, uris))
    raise UserError(
        f"{len(pictures)} reconstructions do not fit into the page: allow more with megabytes=, "
        "or fewer models by most_models= or models=, fewer pictures= or a smaller crop="
    )


def _uris_within(pictures: Sequence[Pixels], quality: int | None, room: float) -> list[str] | None:
    """The pictures as data URIs; None as soon as they are too long."""
    uris: list[str] = []
    for pixels in pictures:
        uris.append(webp(pixels, quality))
        room -= len(uris[-1])
        if room < 0:
            return None
    return uris


def _lowest_psnr(pictures: Sequence[Pixels], uris: Sequence[str]) -> float:
    errors = []
    for pixels, uri in zip(pictures, uris, strict=True):
        data = base64.b64decode(uri.partition(",")[2])
        with Image.open(io.BytesIO(data)) as image:
            shown = np.asarray(image.convert("RGB"), np.float64)
        errors.append(float(np.mean((shown - pixels) ** 2)))
    return float(10 * np.log10(255**2 / max(*errors, 1e-10)))
