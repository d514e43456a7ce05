"""Arguments that callers give a model, valid and invalid."""

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays
from PIL import Image

import rnn_codec as rnc
from rnn_codec.errors import InvalidOptionError, UserError
from rnn_codec.models.arguments import mask, picture
from rnn_codec.models.protocol import Model, open_file
from rnn_codec.rates import BitsPerPixel, Bytes, Levels
from tests.families.wavelet.priors import tiny_model

PIXELS = np.random.default_rng(0).integers(0, 256, (40, 50, 3)).astype(np.uint8)
WHITE = np.full((40, 50), 255, np.uint8)


@pytest.fixture(scope="module")
def model() -> Model:
    return tiny_model()


@pytest.mark.parametrize(
    ("pixels", "words"),
    [
        (PIXELS.tolist(), "NumPy array, uint8 .* not of the type list: convert it with"),
        (Image.fromarray(PIXELS), "not of the type Image: convert it with numpy.asarray"),
        (None, "not of the type NoneType"),
        (PIXELS / 255, r"uint8 \(H, W, 3\), not float64 \(40, 50, 3\)"),
        (PIXELS.astype(np.uint16), "not uint16"),
        (PIXELS[..., 0], r"not uint8 \(40, 50\)"),
        (np.dstack([PIXELS, WHITE]), r"not uint8 \(40, 50, 4\)"),
        (PIXELS[:0], "the picture has no pixels"),
    ],
)
def test_what_is_no_picture(model: Model, pixels: Any, words: str) -> None:
    for check in (picture, model.compress, lambda given: rnc.compress(given, model=model)):
        with pytest.raises(UserError, match=words):
            check(pixels)


@given(arrays.arrays(np.uint8, (3, 4), elements=st.integers(0, 255)))
def test_masks_mean_the_same_in_every_kind(grey: np.ndarray) -> None:
    small = PIXELS[:3, :4]
    if grey.max() != 1:
        assert mask(grey, small) is grey
    for kind in (np.float16, np.float32, np.float64):
        assert np.array_equal(mask((grey / 255).astype(kind), small), grey)
    assert np.array_equal(mask(grey > 7, small), np.where(grey > 7, 255, 0))


@pytest.mark.parametrize(
    ("importance", "words"),
    [
        (WHITE.astype(np.uint16), "uint8, bool, or floats 0 … 1, not uint16"),
        (WHITE.astype(int), "not int64"),
        (WHITE.astype(np.int8), "not int8"),
        (WHITE.astype(float), "as floats must be 0 … 1, not 255 … 255"),
        (WHITE * -1.0 / 255, "as floats must be 0 … 1, not -1 … -1"),
        (np.where(WHITE, np.nan, 0), "as floats must be 0 … 1, not nan … nan"),
        (np.where(WHITE, np.inf, 0), "as floats must be 0 … 1, not inf … inf"),
        (WHITE // 255, "no value above 1, but white is 255: scale it, or pass an array of bool"),
        (WHITE.T, "the mask is 40×50, but the picture 50×40"),
        (PIXELS, r"the mask is \(40, 50, 3\), but the picture 50×40"),
        (WHITE.tolist(), "a NumPy array .* not of the type list"),
        ("mask.png", "not of the type str"),
        (WHITE.astype(object), "not object"),
    ],
)
def test_what_is_no_mask(model: Model, importance: Any, words: str) -> None:
    with pytest.raises(UserError, match=words):
        model.compress(PIXELS, importance=importance)


def test_a_mask_of_floats_does_something(model: Model) -> None:
    grey = np.zeros((40, 50), np.uint8)
    grey[:, 32:] = 255
    found = {
        model.compress(PIXELS, Bytes(400), importance=each)
        for each in (grey, grey > 0, (grey / 255).astype(np.float32))
    }
    assert found == {model.compress(PIXELS, Bytes(400), importance=grey)}
    assert model.compress(PIXELS, Bytes(400)) not in found


@pytest.mark.parametrize("kind", [int, np.int64, np.uint8])
def test_whole_numbers_of_any_kind(model: Model, kind: type) -> None:
    expected = model.compress(PIXELS, Levels(4))
    assert model.compress(PIXELS, Levels(kind(4)), effort=kind(0)) == expected
    assert model.compress(PIXELS, Bytes(kind(200))) == model.compress(PIXELS, Bytes(200))
    assert np.array_equal(
        model.decompress(expected, max_pixels=np.int64(2000)), model.decompress(expected)
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda model: Levels("3"), "a number of levels must be a whole number, not '3'"),
        (lambda model: Levels(3.0), "a number of levels must be a whole number, not 3.0"),
        (lambda model: Levels(True), "a number of levels must be a whole number, not True"),
        (lambda model: Bytes(None), "a number of bytes must be a whole number, not None"),
        (lambda model: BitsPerPixel("0.5"), "bits per pixel must be a number, not '0.5'"),
        (lambda model: rnc.PSNR([32]), r"PSNR must be a number, not \[32\]"),
        (lambda model: rnc.MSSSIM(None), "MS-SSIM must be a number, not None"),
        (lambda model: model.compress(PIXELS, 0.5), "a rate must be one such as .* not 0.5"),
        (lambda model: model.compress(PIXELS, effort="9"), "effort must be a whole number"),
        (lambda model: model.compress(PIXELS, effort=10), "effort is 0 to 9, not 10"),
        (lambda model: model.compress(PIXELS, effort=-1), "effort is 0 to 9, not -1"),
        (lambda model: rnc.load(threads="2"), "threads must be a whole number, not '2'"),
        (lambda model: rnc.open("a.rnc", max_pixels="9"), "max_pixels must be a whole number"),
        (lambda model: rnc.open(7), "must be a path or bytes, not of the type int"),
        (lambda model: rnc.decompress(None), "must be a path or bytes, not of the type NoneType"),
        (lambda model: rnc.compress(PIXELS, model=3), "a model must be a name, .* the type int"),
    ],
)
def test_arguments_of_a_wrong_type_are_named(model: Model, call: Any, words: str) -> None:
    with pytest.raises(InvalidOptionError, match=words):
        call(model)


@pytest.mark.parametrize(
    "kind", [bytes, bytearray, memoryview, lambda data: np.frombuffer(data, np.uint8)]
)
def test_files_may_be_in_anything_that_holds_bytes(model: Model, kind: Any) -> None:
    data = model.compress(PIXELS, Bytes(300))
    assert np.array_equal(model.decompress(kind(data)), model.decompress(data))
    assert open_file(kind(data)).data == data
