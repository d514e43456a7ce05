"""High-entropy training data: the tiles of each picture that compress worst [Toderici 2017]."""

from contextlib import suppress
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.data.decoding import RULES, DecodedImages, cache_folder, digest_of
from rnn_codec.files import atomic_path
from rnn_codec.progress import progress

CODECS: dict[str, dict[str, object]] = {
    "png": {"format": "PNG"},
    "webp": {"format": "WebP", "lossless": True},
}
"""Pillow's options for lossless compression of a tile."""


def mine(
    images: DecodedImages, size: int, per_picture: int, codec: str, cache_dir: str | Path
) -> NDArray[np.uint8]:
    """The hardest tiles of every picture, uint8 (N, S, S, 3), mapped from a file in `cache_dir`.

    The file is made only once for given pictures and options.

    Args:
        images: pictures with sides of at least S.
        size: side S of a tile, in pixels.
        per_picture: tiles taken from each picture; all if it has fewer.
        codec: one of `CODECS`; the more bytes it needs for a tile, the harder the tile.
    """
    key = digest_of([RULES, images.digest, size, per_picture, codec])
    cache = cache_folder(cache_dir) / f"tiles-{key}.npy"
    # A damaged file is treated as missing.
    with suppress(OSError, ValueError, EOFError):
        return np.asarray(np.load(cache, mmap_mode="r"))
    indices = progress(range(len(images)), "Mining tiles")
    hardest = [hardest_tiles(images.image(i), size, codec)[:per_picture] for i in indices]
    with atomic_path(cache) as partial:
        np.save(partial, np.concatenate(hardest))
    return np.asarray(np.load(cache, mmap_mode="r"))


def hardest_tiles(picture: NDArray[np.uint8], size: int, codec: str) -> NDArray[np.uint8]:
    """The tiles (N, S, S, 3) of a picture (H, W, 3), sorted from most to fewest bytes."""
    tiles = cut_tiles(picture, size)
    sizes = np.array([compressed_size(tile, codec) for tile in tiles])
    return tiles[np.argsort(-sizes, kind="stable")]


def cut_tiles(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """All complete tiles (N, S, S, 3) of a picture (H, W, 3), from the upper left."""
    rows, columns = picture.shape[0] // size, picture.shape[1] // size
    whole = picture[: rows * size, : columns * size]
    return whole.reshape(rows, size, columns, size, 3).swapaxes(1, 2).reshape(-1, size, size, 3)


def compressed_size(tile: NDArray[np.uint8], codec: str) -> int:
    """Bytes of a losslessly compressed tile (H, W, 3)."""
    buffer = BytesIO()
    Image.fromarray(tile).save(buffer, **CODECS[codec])  # type: ignore[arg-type]
    return buffer.tell()


def tile_images(tiles: NDArray[np.uint8]) -> DecodedImages:
    """Tiles (N, S, S, 3) as pictures, whose crops of S pixels are the tiles themselves."""
    number, side = tiles.shape[:2]
    sides, nameless = np.full(number, side), ("",) * number
    offsets = np.arange(number) * tiles[0].size
    return DecodedImages(tiles.reshape(-1), offsets, sides, sides, nameless, nameless)
