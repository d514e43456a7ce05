"""docs/file-format.md against the package: a decoder written from the page decodes the same."""

from itertools import product

import numpy as np
import pytest
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.families.wavelet import layout
from rnn_codec.families.wavelet.model import WaveletModel
from rnn_codec.models.protocol import NothingArrivedError, open_file
from rnn_codec.rates import BitsPerPixel, Levels, Rate
from tests.families.wavelet import decoder_by_specification
from tests.families.wavelet.decoder_by_specification import (
    Decoder,
    NotArrivedError,
    RefusedError,
)
from tests.families.wavelet.priors import CELLS, tiny_model
from tests.families.wavelet.test_model import photograph

ALL_PLANES = Levels(15)
SMALL = photograph(20, 27)
TUNES = ("psnr", "balanced", "ms-ssim")


def found_by_package(model: WaveletModel, data: bytes) -> NDArray[np.uint8] | str | None:
    """The pixels; None if nothing has arrived, "refused" if the file is refused."""
    try:
        return model.decode(open_file(data)).pixels
    except NothingArrivedError:
        return None
    except UserError:
        return "refused"


def found_by_page(model: WaveletModel, data: bytes) -> NDArray[np.uint8] | str | None:
    try:
        return Decoder(data, model.path).pixels()
    except NotArrivedError:
        return None
    except RefusedError:
        return "refused"


def assert_same(model: WaveletModel, data: bytes) -> None:
    ours, theirs = found_by_package(model, data), found_by_page(model, data)
    assert type(ours) is type(theirs)
    assert np.array_equal(ours, theirs)  # type: ignore[arg-type]


def assert_decoded(model: WaveletModel, data: bytes) -> None:
    assert isinstance(found_by_package(model, data), np.ndarray)
    assert_same(model, data)


@pytest.mark.parametrize("tune", TUNES)
def test_pixels_are_the_same(tune: str) -> None:
    assert_decoded(tiny_model(), tiny_model().compress(SMALL, ALL_PLANES, tune))


PICTURES = {
    "one pixel": photograph(1, 1),
    "a row": photograph(1, 40),
    "a column": photograph(33, 1),
    "three rows": photograph(3, 18),
    "grey": np.repeat(photograph(17, 14)[..., :1], 3, axis=2),
    "middle": np.full((5, 6, 3), 128, np.uint8),
    "saturated": np.where(photograph(19, 21) > 120, 255, 0).astype(np.uint8),
    "noise": np.random.default_rng(2).integers(0, 256, (16, 15, 3), np.uint8),
}


@pytest.mark.parametrize("name", PICTURES)
def test_pictures_of_all_kinds_are_the_same(name: str) -> None:
    for tune in ("psnr", "balanced"):
        assert_decoded(tiny_model(), tiny_model().compress(PICTURES[name], ALL_PLANES, tune))


@pytest.mark.parametrize("rate", [BitsPerPixel(0.6), BitsPerPixel(1.7), Levels(6)])
def test_groups_of_many_runs_are_the_same(rate: Rate) -> None:
    """Several blocks, segments and check values; the stream ends within a group."""
    pixels = photograph(70, 105)
    mask = np.zeros(pixels.shape[:2], np.uint8)
    mask[:40] = 255
    model = tiny_model()
    assert_decoded(model, model.compress(pixels, rate, "ms-ssim", mask))


@pytest.mark.parametrize(("cell", "memory"), product(CELLS, ["progressive", "single_iteration"]))
def test_all_priors_are_the_same(cell: str, memory: str) -> None:
    model = tiny_model(cell, memory)
    assert_decoded(model, model.compress(photograph(18, 21), Levels(6)))


@pytest.mark.parametrize("tune", ["psnr", "balanced"])
def test_prefixes_are_the_same(tune: str) -> None:
    model, pixels = tiny_model(), photograph(20, 40)
    data = model.compress(pixels, Levels(6), tune)
    for size in (*range(30, 48), *range(48, len(data), len(data) // 12), len(data) - 1):
        assert_same(model, data[:size])


def test_damaged_files_are_the_same() -> None:
    """Complete files are refused; in prefixes, not all damage can be detected."""
    model = tiny_model()
    data = model.compress(SMALL, Levels(6))
    rng = np.random.default_rng(8)
    for _ in range(40):
        damaged = bytearray(data)
        damaged[rng.integers(len(data))] ^= int(rng.integers(1, 256))
        assert found_by_page(model, bytes(damaged)) == "refused"
    for _ in range(25):
        damaged = bytearray(data[: rng.integers(50, len(data))])
        damaged[rng.integers(31, len(damaged))] ^= int(rng.integers(1, 256))
        assert_same(model, bytes(damaged))


@pytest.mark.parametrize(("cell", "memory"), [("gru", "progressive"), ("lstm", "single_iteration")])
def test_stripes_are_the_same(cell: str, memory: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stripes are made smaller, so that the picture is small enough for a slow decoder."""
    for module in (layout, decoder_by_specification):
        monkeypatch.setattr(module, "STRIPE_POSITIONS", 100)
        monkeypatch.setattr(module, "LEAST_STRIPE", 4)
    model, pixels = tiny_model(cell, memory), photograph(37, 46)
    data = model.compress(pixels, Levels(6))
    assert_decoded(model, data)
    for size in (len(data) // 3, len(data) // 2, len(data) - 20):
        assert_decoded(model, data[:size])
    assert_decoded(model, model.compress(pixels, BitsPerPixel(1.0), "psnr"))
