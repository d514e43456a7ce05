"""Pixels inside the page: data URIs, without loss where the page may be large enough."""

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
class Container:
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
        container: how they are stored.
        uris: in the order of the pixels.
        lowest_psnr: of the stored against the exact pixels, dB; None without loss.
    """

    container: str
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


def lossy(quality: int) -> Container:
    """WebP of a quality, 1 to 100."""

    def encode(pixels: Pixels) -> bytes:
        return _webp(pixels, quality=quality)

    return Container(f"WebP of quality {quality}", encode)


LOSSLESS = Container("WebP without loss", lossless)
CONTAINERS = (LOSSLESS, *(lossy(quality) for quality in (99, 95, 90, 80)))
"""The best first. Of the lossy ones the last is still some 10 dB nearer to a codec's pixels than
these are to the original."""


def store(
    pictures: Sequence[Pixels], room: float, containers: Sequence[Container] = CONTAINERS
) -> Stored:
    """Store pictures in the first container that needs at most `room` characters for all.

    Raises:
        UserError: the last one needs more.
    """
    for container in containers:
        uris = _uris_within(pictures, container, room)
        if uris is not None:
            exact = container is LOSSLESS or not uris
            return Stored(container.name, uris, None if exact else _lowest_psnr(pictures, uris))
    raise UserError(
        f"{len(pictures)} reconstructions do not fit into the page: allow more with megabytes=, "
        "or fewer models by most_models= or models=, fewer pictures= or a smaller crop="
    )


def _uris_within(pictures: Sequence[Pixels], container: Container, room: float) -> list[str] | None:
    """The pictures as data URIs; None as soon as they are too long."""
    uris: list[str] = []
    for pixels in pictures:
        uris.append(data_uri("webp", container.encode(pixels)))
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
