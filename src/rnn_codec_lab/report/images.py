"""Images inside the page: data URIs, without loss where the page may be large enough."""

import base64
import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.errors import UserError

Pixels = NDArray[np.uint8]


@dataclass(frozen=True)
class ImageFormat:
    """How reconstructions are stored.

    Attributes:
        name: in a sentence.
        encode: pixels (H, W, 3), uint8 RGB, to a file.
    """

    name: str
    encode: Callable[[Pixels], bytes]


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


def lossless(pixels: Pixels) -> bytes:
    """WebP without loss."""
    return _webp(pixels, lossless=True)


def lossy(quality: int) -> ImageFormat:
    """WebP of a quality, 1 to 100."""

    def encode(pixels: Pixels) -> bytes:
        return _webp(pixels, quality=quality)

    return ImageFormat(f"WebP of quality {quality}", encode)


LOSSLESS = ImageFormat("WebP without loss", lossless)
FORMATS = (LOSSLESS, *(lossy(quality) for quality in (99, 95, 90, 80)))
"""The best first. Of the lossy ones the last is still some 10 dB nearer to a codec's pixels than
these are to the original."""


def store(
    pictures: Sequence[Pixels], room: float, formats: Sequence[ImageFormat] = FORMATS
) -> Stored:
    """Store pictures in the first format that needs at most `room` characters for all.

    Raises:
        UserError: the last one needs more.
    """
    for file_format in formats:
        uris = _uris_within(pictures, file_format, room)
        if uris is not None:
            exact = file_format is LOSSLESS or not uris
            return Stored(file_format.name, uris, None if exact else _lowest_psnr(pictures, uris))
    raise UserError(
        f"{len(pictures)} reconstructions do not fit into the page: allow more with megabytes=, "
        "or fewer models by most_models= or models=, fewer pictures= or a smaller crop="
    )


def _uris_within(
    pictures: Sequence[Pixels], file_format: ImageFormat, room: float
) -> list[str] | None:
    """The pictures as data URIs; None as soon as they are too long."""
    uris: list[str] = []
    for pixels in pictures:
        uris.append(data_uri("webp", file_format.encode(pixels)))
        room -= len(uris[-1])
        if room < 0:
            return None
    return uris


def _webp(pixels: Pixels, **options: object) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, format="WEBP", **options)
    return file.getvalue()


def _lowest_psnr(pictures: Sequence[Pixels], uris: Sequence[str]) -> float:
    errors = []
    for pixels, uri in zip(pictures, uris, strict=True):
        data = base64.b64decode(uri.partition(",")[2])
        with Image.open(io.BytesIO(data)) as image:
            shown = np.asarray(image.convert("RGB"), np.float64)
        errors.append(float(np.mean((shown - pixels) ** 2)))
    return float(10 * np.log10(255**2 / max(*errors, 1e-10)))
