"""High-entropy training data: the tiles of each picture that compress worst [Toderici 2017]."""

from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.data.decoding import RULES, DecodedImages, cache_folder, digest_of
from rnn_codec.errors import UserError
from rnn_codec.files import atomic_path
from rnn_codec.progress import progress

CODECS: dict[str, dict[str, object]] = {
    "png": {"format": "PNG"},
    "webp": {"format": "WebP", "lossless": True},
}
"""How Pillow is told to compress a tile without loss."""


@dataclass(frozen=True)
class Mining:
    """Which tiles count as hard.

    Attributes:
        tile_size: side S of a tile, in pixels.
        tiles_per_picture: tiles taken from each picture; all if it has fewer.
        codec: what measures hardness, by the bytes it needs: png or webp.
    """

    tile_size: int
    tiles_per_picture: int
    codec: str

    def __post_init__(self) -> None:
        """Refuse codecs that Pillow is not told how to use."""
        if self.codec not in CODECS:
            raise UserError(f"data.codec={self.codec} is unknown: it is one of {', '.join(CODECS)}")


def mine(images: DecodedImages, mining: Mining, cache_dir: str | Path) -> NDArray[np.uint8]:
    """The hardest tiles of every picture, uint8 (N, S, S, 3), mapped from a file of `cache_dir`.

    The file is made once for the same pictures and options. Pictures need sides of at least S.
    """
    key = digest_of([RULES, images.digest, mining])
    cache = cache_folder(cache_dir) / f"tiles-{key}.npy"
    if not cache.is_file():
        indices = progress(range(len(images)), "Mining tiles")
        hardest = [hardest_tiles(images.image(index), mining) for index in indices]
        with atomic_path(cache) as partial:
            np.save(partial, np.concatenate(hardest))
    return np.asarray(np.load(cache, mmap_mode="r"))


def hardest_tiles(picture: NDArray[np.uint8], mining: Mining) -> NDArray[np.uint8]:
    """The tiles (N, S, S, 3) of a picture (H, W, 3) that need most bytes, hardest first."""
    tiles = cut_tiles(picture, mining.tile_size)
    sizes = np.array([compressed_size(tile, mining.codec) for tile in tiles])
    return tiles[np.argsort(-sizes, kind="stable")[: mining.tiles_per_picture]]


def cut_tiles(picture: NDArray[np.uint8], size: int) -> NDArray[np.uint8]:
    """All whole tiles (N, S, S, 3) of a picture (H, W, 3), side by side from the upper left.

    >>> cut_tiles(np.zeros((70, 100, 3), np.uint8), 32).shape
    (6, 32, 32, 3)
    """
    rows, columns = picture.shape[0] // size, picture.shape[1] // size
    whole = picture[: rows * size, : columns * size]
    return whole.reshape(rows, size, columns, size, 3).swapaxes(1, 2).reshape(-1, size, size, 3)


def compressed_size(tile: NDArray[np.uint8], codec: str) -> int:
    """Bytes that a tile (H, W, 3) takes, compressed without loss."""
    buffer = BytesIO()
    Image.fromarray(tile).save(buffer, **CODECS[codec])  # type: ignore[arg-type]
    return buffer.tell()


def tile_images(tiles: NDArray[np.uint8]) -> DecodedImages:
    """Tiles (N, S, S, 3) as pictures: their crops of S pixels are the tiles."""
    number, side = tiles.shape[:2]
    sides, nameless = np.full(number, side), ("",) * number
    offsets = np.arange(number) * tiles[0].size
    return DecodedImages(tiles.reshape(-1), offsets, sides, sides, nameless, nameless)
