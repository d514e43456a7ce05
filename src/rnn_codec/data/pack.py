"""Photographs in one file of bounded size, for a machine that they must travel to.

pack = a ZIP archive, not compressed again:
    training/00000.webp …
    validation/00000.webp …

All pictures are WebP of one quality, the highest that the size allows.
"""

import hashlib
import io
import shutil
import zipfile
import zlib
from pathlib import Path
from tempfile import mkdtemp

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.data.decoding import DecodedImages, cache_folder
from rnn_codec.data.split import Split
from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path
from rnn_codec.progress import progress

LOSSLESS = 101
"""A quality above all others."""
LOWEST_QUALITY = 60
"""Below it, a codec would learn to reproduce WebP."""

UNREADABLE = (
    *(zipfile.BadZipFile, OSError, ValueError, EOFError, zlib.error),
    # Damage that looks like another way of packing, or like a password.
    *(NotImplementedError, RuntimeError),
)
"""What reading a damaged archive raises."""


def write_pack(path: Path, pictures: Split, largest_bytes: int) -> int:
    """Write pictures to a file of at most `largest_bytes`; return the quality.

    Raises:
        UserError: the size would need a quality below `LOWEST_QUALITY`.
    """
    low, high, quality = LOWEST_QUALITY, LOSSLESS, LOSSLESS
    best: tuple[int, dict[str, bytes]] | None = None
    while low <= high:
        files = _encode(pictures.training, "training", quality)
        files |= _encode(pictures.validation, "validation", quality)
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


def extract_pack(path: Path, cache_dir: str | Path) -> Path:
    """The folder in `cache_dir` with the pictures of a pack, made unless it is there already.

    Raises:
        UserError: there is no such file, or it is no pack.
    """
    try:
        key = hashlib.sha256(path.read_bytes()).hexdigest()[:16]
    except OSError as error:
        raise UserError(
            f"there is no pack {path} that can be read: `rnn-codec pack` makes one"
        ) from error
    cache = cache_folder(cache_dir)
    folder = cache / f"pack-{key}"
    if not folder.is_dir():
        partial = Path(mkdtemp(dir=cache))
        try:
            _extract_all(path, partial)
            # Unless another process has been faster.
            if not folder.is_dir():
                partial.replace(folder)
        finally:
            shutil.rmtree(partial, ignore_errors=True)
    return folder


def _extract_all(path: Path, folder: Path) -> None:
    try:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
    except UNREADABLE as error:
        raise UserError(f"{path} is not a pack of photographs, or is damaged: {error}") from error


def encode_picture(pixels: NDArray[np.uint8], quality: int) -> bytes:
    """A picture (H, W, 3) as WebP of a quality, 0 … 100, or `LOSSLESS`."""
    stream = io.BytesIO()
    options = {"lossless": True} if quality == LOSSLESS else {"quality": quality}
    Image.fromarray(pixels).save(stream, "WEBP", **options)
    return stream.getvalue()


def quality_name(quality: int) -> str:
    """For people."""
    return "without loss" if quality == LOSSLESS else f"of quality {quality}"


def _encode(images: DecodedImages, part: str, quality: int) -> dict[str, bytes]:
    bar = progress(range(len(images)), f"{part}: WebP {quality_name(quality)}")
    return {f"{part}/{i:05d}.webp": encode_picture(images.image(i), quality) for i in bar}


def _archive_size(files: dict[str, bytes]) -> int:
    """Size of an archive: each file, its two headers with its name, and the end."""
    return sum(len(content) + 30 + 46 + 2 * len(name) for name, content in files.items()) + 22
