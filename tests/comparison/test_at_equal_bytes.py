"""Pictures by a model and by classic codecs, with files as large."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from rnn_codec.baselines.equal_bytes import CODECS
from rnn_codec.comparison.at_equal_bytes import (
    GAP,
    Comparison,
    central,
    compare_at_equal_bytes,
    comparisons_table,
    write_comparisons,
)
from rnn_codec.data.package_photographs import locate
from rnn_codec.errors import UserError
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.psnr import psnr
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.runs.models import load_model

PIXELS = read_rgb(locate("skimage", "data/coffee.png"))[100:276, 200:392]
SAVED = {
    "jpeg_420": ("JPEG", {"subsampling": "4:2:0"}),
    "webp": ("WEBP", {"method": 6}),
}


@pytest.fixture(scope="module")
def found() -> Comparison:
    """A picture by the flagship, JPEG and WebP."""
    codecs = [CODECS[name] for name in SAVED]
    return compare_at_equal_bytes(load_model("flagship"), codecs, "a.png", PIXELS, [0.75, 1.0])


def test_codecs_are_as_good_as_the_bytes_allow(found: Comparison, tmp_path: Path) -> None:
    assert [line[0].bits_per_pixel for line in found.rates] == [0.75, 1.0]
    for line in found.rates:
        own = line[0].file.file_bytes
        assert own <= line[0].bits_per_pixel * PIXELS.size / 3 / 8
        for coded in line[1:]:
            size, decoded = largest_within(coded.codec, own)
            assert coded.file.file_bytes == size
            expected = psnr(pixels_to_batch(decoded), pixels_to_batch(PIXELS)).item()
            assert coded.file.scores["psnr"] == pytest.approx(expected)
    write_comparisons(tmp_path, [found], 96, {"model": "flagship"})
    written = json.loads((tmp_path / "equal_bytes.json").read_text(encoding="utf-8"))
    assert written["model"] == "flagship"
    assert [line["codec"] for line in written["files"]] == ["flagship", "jpeg_420", "webp"] * 2
    assert written["files"][4]["file_bytes"] == found.rates[1][1].file.file_bytes
    assert written["files"][5]["ms_ssim"] == found.rates[1][2].file.scores["ms_ssim"]
    assert len(comparisons_table([found]).groups[0].lines) == 6


def largest_within(name: str, limit: int) -> tuple[int, np.ndarray]:
    """The best file of a codec that Pillow saves by itself, and what it decodes to."""
    kind, options = SAVED[name]
    best: tuple[int, bytes] = (0, b"")
    for quality in range(1, 101):
        file = io.BytesIO()
        Image.fromarray(PIXELS).save(file, kind, quality=quality, **options)
        if len(file.getvalue()) <= limit:
            best = quality, file.getvalue()
    return len(best[1]), np.array(Image.open(io.BytesIO(best[1])).convert("RGB"))


def test_figures_show_pictures_pixel_for_pixel(found: Comparison, tmp_path: Path) -> None:
    write_comparisons(tmp_path, [found], 96, {})
    figure = np.array(Image.open(tmp_path / "a.webp").convert("RGB")).astype(int)
    assert figure.shape[1] == 4 * (96 + GAP) + GAP
    for column, pixels in enumerate((PIXELS, *(coded.file.pixels for coded in found.rates[-1]))):
        left = GAP + column * (96 + GAP)
        shown = figure[-GAP - 96 : -GAP, left : left + 96]
        assert np.abs(shown - central(pixels, 96)).mean() < 4


def test_the_square_in_the_middle() -> None:
    pixels = np.arange(5 * 8 * 3, dtype=np.uint8).reshape(5, 8, 3)
    assert np.array_equal(central(pixels, 4), pixels[0:4, 2:6])
    assert np.array_equal(central(pixels, 6), pixels[:, 1:7])
    assert central(pixels, None) is pixels


def test_rates_below_those_of_a_codec_are_refused() -> None:
    with pytest.raises(UserError, match=r"no JPEG 4:2:0 file of a.png has as few as \d+ bytes"):
        compare_at_equal_bytes(
            load_model("flagship"), [CODECS["jpeg_420"]], "a.png", PIXELS, [0.13]
        )
