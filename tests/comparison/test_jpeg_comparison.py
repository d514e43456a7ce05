"""A picture by a model and by JPEG, with files as large."""

import io
import json
from pathlib import Path

import numpy as np
import pytest
from matplotlib import rcParams
from PIL import Image

from rnn_codec.comparison.jpeg_comparison import code_with_jpeg, write_jpeg_comparison
from rnn_codec.data.package_photographs import locate
from rnn_codec.errors import UserError
from rnn_codec.metrics.images import pixels_to_batch
from rnn_codec.metrics.psnr import psnr
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.runs.models import load_model

PIXELS = read_rgb(locate("skimage", "data/coffee.png"))[100:276, 200:392]


def test_jpeg_is_as_good_as_its_bytes_allow(tmp_path: Path) -> None:
    own, other = code_with_jpeg(load_model("flagship"), PIXELS, 0.75)
    assert own.file.file_bytes <= 0.75 * PIXELS.size / 3 / 8
    sizes = {}
    for quality in range(1, 101):
        file = io.BytesIO()
        Image.fromarray(PIXELS).save(file, "JPEG", quality=quality, subsampling="4:2:0")
        sizes[quality] = len(file.getvalue()), file
    best = max(q for q, (size, _) in sizes.items() if size <= own.file.file_bytes)
    decoded = np.array(Image.open(sizes[best][1]))
    assert other.file.file_bytes == sizes[best][0]
    expected = psnr(pixels_to_batch(decoded), pixels_to_batch(PIXELS)).item()
    assert other.file.scores["psnr"] == pytest.approx(expected)
    write_jpeg_comparison(tmp_path, PIXELS, [(own, other)], {"model": "flagship"})
    written = json.loads((tmp_path / "beside_jpeg.json").read_text(encoding="utf-8"))
    assert written["pairs"][0]["jpeg_420"]["file_bytes"] == sizes[best][0]
    assert written["pairs"][0]["model"]["ms_ssim"] == own.file.scores["ms_ssim"]
    assert Image.open(tmp_path / "beside_jpeg.png").width > 10 * rcParams["savefig.dpi"]


def test_rates_below_those_of_jpeg_are_refused() -> None:
    with pytest.raises(UserError, match="choose larger rates"):
        code_with_jpeg(load_model("flagship"), PIXELS, 0.13)
