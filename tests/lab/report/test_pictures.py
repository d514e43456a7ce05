"""The pictures of the viewer: they must be those that files of `rnn-codec` decode to."""

import io
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from rnn_codec.data.package_photographs import HELD_OUT, locate
from rnn_codec.data.split import centre_crop
from rnn_codec.errors import UserError
from rnn_codec.models.find import load_model
from rnn_codec.models.protocol import Model
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.rates import Levels
from rnn_codec_lab.report.pictures import CodedPicture, check_crop, code_picture, labels
from tests.model_folders import write_model

ITERATIONS = 3


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    return centre_crop(read_rgb(locate(*HELD_OUT[1])), 170, 190)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(write_model(tmp_path_factory.mktemp("models") / "a", "single_iteration"))


@pytest.fixture(scope="module")
def coded(model: Model, pixels: NDArray[np.uint8]) -> CodedPicture:
    return code_picture("coffee", pixels, [model], ITERATIONS)


def jpeg(pixels: NDArray[np.uint8], quality: int) -> bytes:
    file = io.BytesIO()
    Image.fromarray(pixels).save(file, "JPEG", quality=quality, subsampling="4:2:0")
    return file.getvalue()


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2))


def test_every_step_is_a_file_of_so_many_levels(coded, model, pixels) -> None:
    (steps,) = coded.models
    assert len(steps) == ITERATIONS
    for iterations, step in enumerate(steps, start=1):
        data = model.compress(pixels, Levels(iterations))
        assert step.file_bytes == len(data)
        assert step.bpp == pytest.approx(8 * len(data) / (190 * 170))
        np.testing.assert_array_equal(step.pixels, model.decompress(data))
        assert step.scores["psnr"] == pytest.approx(psnr(step.pixels, pixels))


def test_jpeg_is_the_best_that_is_not_larger(coded, pixels) -> None:
    sizes = {quality: len(jpeg(pixels, quality)) for quality in range(1, 101)}
    (steps,), (equal,) = coded.models, coded.equal
    assert coded.smallest_jpeg == min(sizes.values())
    assert equal[0] is None
    for step, quality in zip(steps, equal, strict=True):
        fitting = [q for q, size in sizes.items() if size <= step.file_bytes]
        assert quality == (max(fitting) if fitting else None)
        if quality is not None:
            file = coded.jpegs[quality]
            assert file.data == jpeg(pixels, quality)
            decoded = np.asarray(Image.open(io.BytesIO(file.data)))
            assert file.measured.file_bytes == len(file.data)
            assert file.measured.scores["psnr"] == pytest.approx(psnr(decoded, pixels))
    assert coded.jpegs
    assert set(coded.jpegs) == {quality for quality in equal if quality is not None}


def test_labels_are_unique() -> None:
    paths = [Path("a/x/run"), Path("b/x/run"), Path("b/y")]
    assert labels(paths) == ["a/x/run", "b/x/run", "y"]


@pytest.mark.parametrize("crop", [[160, 200], [200, 1025], [200], [200, 200, 200], ["a", 200]])
def test_a_crop_out_of_range_is_refused(crop) -> None:
    with pytest.raises(UserError, match="crop must be two sides of 161 … 1024 pixels"):
        check_crop(crop)
    check_crop([161, 1024])
