"""Pictures made up for tests."""

from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.data.decoding import DecodedImages, decode


def noise(height: int, width: int, seed: int = 0) -> NDArray[np.uint8]:
    """Random pixels (H, W, 3): all crops of them differ."""
    return np.random.default_rng(seed).integers(256, size=(height, width, 3), dtype=np.uint8)


def save(path: Path, pixels: NDArray[np.uint8]) -> Path:
    """Write pixels to a picture file, and make its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path


def decoded(folder: Path, sizes: list[tuple[int, int]]) -> DecodedImages:
    """Noise pictures of some (height, width), written and decoded."""
    paths = [save(folder / f"{i}.png", noise(*size, seed=i)) for i, size in enumerate(sizes)]
    return decode(paths, folder / "cache")
