"""Pictures in the page: exact if they fit, otherwise at the best quality that fits."""

import base64
import io

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.errors import UserError
from rnn_codec_lab.report.images import store


def noise(seed: int) -> NDArray[np.uint8]:
    return np.random.default_rng(seed).integers(0, 256, (40, 50, 3), dtype=np.uint8)


def opened(uri: str) -> NDArray[np.uint8]:
    head, data = uri.split(",")
    assert head == "data:image/webp;base64"
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(data))).convert("RGB"))


def test_with_room_the_pixels_are_exact() -> None:
    pictures = [noise(1), noise(2)]
    uris, words = store(pictures, room=1e6)
    assert words == "lossless WebP, exactly as decoded"
    for pixels, uri in zip(pictures, uris, strict=True):
        np.testing.assert_array_equal(opened(uri), pixels)


def test_the_limit_is_that_of_the_addresses() -> None:
    pictures = [noise(1), noise(2)]
    exact = sum(len(uri) for uri in store(pictures, room=1e6)[0])
    assert store(pictures, room=exact)[1].startswith("lossless WebP")
    assert store(pictures, room=exact - 1)[1].startswith("WebP of quality 99")


def test_the_loss_is_that_of_the_worst_picture() -> None:
    pictures = [np.full((40, 50, 3), 77, np.uint8), noise(1)]
    uris, words = store(pictures, room=1e6, qualities=[80])
    errors = [
        np.mean((opened(uri).astype(float) - pixels) ** 2)
        for pixels, uri in zip(pictures, uris, strict=True)
    ]
    assert f"at least {10 * np.log10(255**2 / max(errors)):.1f} dB" in words


def test_without_room_the_user_is_told() -> None:
    with pytest.raises(UserError, match="megabytes="):
        store([noise(1)], room=100)
