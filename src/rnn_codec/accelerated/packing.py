"""Writes packs of photographs: WebP of one quality for all, the highest that the size allows."""

import io
import zipfile
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from PIL import Image
from rich.console import Console
from rich.progress import track

from rnn_codec.accelerated.pack import Pixels
from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path

LOSSLESS = 101
"""A quality above all others."""
LOWEST_QUALITY = 60
"""Below it, a codec would learn to reproduce WebP."""

Readers = Sequence[Callable[[], Pixels]]
"""What reads pictures (H, W, 3), one each."""


def write_pack(path: Path, pictures: Mapping[str, Readers], largest_bytes: int) -> int:
    """Write pictures to a file of at most `largest_bytes`; return the quality.

    Args:
        path: of the file.
        pictures: by part: training, validation.
        largest_bytes: of the file.

    Raises:
        UserError: the size would need a quality below `LOWEST_QUALITY`.
    """
    low, high = LOWEST_QUALITY, LOSSLESS
    best: tuple[int, dict[str, bytes]] | None = None
    quality = LOSSLESS
    while low <= high:
        files = _encode(pictures, quality)
        if _archive_size(files) <= largest_bytes:
            best, low = (quality, files), quality + 1
        else:
            high = quality - 1
        quality = (low + high) // 2
    if best is None:
        raise UserError(
            f"{largest_bytes / 1e6:g} MB are too few for these photographs: even WebP of quality "
            f"{LOWEST_QUALITY} needs more; allow more megabytes, or pack fewer"
        )
    quality, files = best
    with atomic_path(path) as partial, zipfile.ZipFile(partial, "w") as archive:
        for name, content in files.items():
            # A fixed date: the same pictures make the same file.
            archive.writestr(zipfile.ZipInfo(name), content)
    return quality


def encode_picture(pixels: Pixels, quality: int) -> bytes:
    """A picture (H, W, 3) as WebP of a quality, 0 … 100, or `LOSSLESS`."""
    stream = io.BytesIO()
    image = Image.fromarray(pixels)
    if quality == LOSSLESS:
        image.save(stream, "WEBP", lossless=True)
    else:
        image.save(stream, "WEBP", quality=quality)
    return stream.getvalue()


def quality_name(quality: int) -> str:
    """For people."""
    return "without loss" if quality == LOSSLESS else f"of quality {quality}"


def _encode(pictures: Mapping[str, Readers], quality: int) -> dict[str, bytes]:
    label = f"WebP {quality_name(quality)}"
    named = [
        (f"{part}/{index:05d}.webp", read)
        for part, readers in pictures.items()
        for index, read in enumerate(readers)
    ]
    bar = track(named, label, console=Console(stderr=True))
    return {name: encode_picture(read(), quality) for name, read in bar}


def _archive_size(files: Mapping[str, bytes]) -> int:
    """Size of an archive: each file, its two headers with its name, and the end."""
    return sum(len(content) + 30 + 46 + 2 * len(name) for name, content in files.items()) + 22
