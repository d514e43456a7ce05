"""The pictures of the viewer: they must be those that files of `rnn-codec` decode to."""

from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from rnn_codec.data.package_photographs import HELD_OUT, locate
from rnn_codec.data.split import centre_crop
from rnn_codec.errors import UserError
from rnn_codec.models.find import load_model
from rnn_codec.models.protocol import Model
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.rates import Levels
from rnn_codec_lab.baselines import AVIF, JPEG_420
from rnn_codec_lab.evaluation.measurement import MeasuredFile
from rnn_codec_lab.report.pictures import check_crop, classic_files, code_picture, labels, ways_of
from tests.families.wavelet.priors import tiny_model
from tests.model_folders import write_model

RATES = (0.01, 0.2, 0.3, 0.5)
SIZES = [int(rate * 170 * 190 / 8) for rate in RATES]


@pytest.fixture(scope="module")
def pixels() -> NDArray[np.uint8]:
    return centre_crop(read_rgb(locate(*HELD_OUT[1])), 170, 190)


@pytest.fixture(scope="module")
def model(tmp_path_factory: pytest.TempPathFactory) -> Model:
    return load_model(write_model(tmp_path_factory.mktemp("models") / "a", "single_iteration"))


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    return 10 * np.log10(255**2 / np.mean((one.astype(float) - other) ** 2))


def check_measured(file: MeasuredFile | None, data: bytes, model: Model, pixels) -> None:
    """Check that a file on the page is one with these bytes."""
    assert file is not None
    assert file.file_bytes == len(data)
    np.testing.assert_array_equal(file.pixels, model.decompress(data))
    assert file.scores["psnr"] == pytest.approx(psnr(file.pixels, pixels))


def test_a_model_of_levels_has_as_many_as_fit(model, pixels) -> None:
    (way,) = ways_of(model)
    files = way.files(model, pixels, SIZES)
    lengths = [len(model.compress(pixels, Levels(n))) for n in range(1, model.most_levels + 1)]
    assert files[0] is None
    assert files[-1] is not None
    for size, file in zip(SIZES, files, strict=True):
        fitting = sum(length <= size for length in lengths)
        if fitting:
            check_measured(file, model.compress(pixels, Levels(fitting)), model, pixels)
        else:
            assert file is None


def test_an_embedded_model_has_prefixes_and_files_made_for_their_size(pixels) -> None:
    model = tiny_model()
    cut, made = ways_of(model)
    prefixes = cut.files(model, pixels, [10, *SIZES[1:]])
    longest = model.session(pixels).within(SIZES[-1]).data
    assert prefixes[0] is None
    for size, file in zip(SIZES[1:], prefixes[1:], strict=True):
        check_measured(file, longest[:size], model, pixels)
    files = made.files(model, pixels, [10, *SIZES[1:]])
    assert files[0] is None
    for size, file in zip(SIZES[1:], files[1:], strict=True):
        check_measured(file, model.session(pixels).within(size).data, model, pixels)


@pytest.mark.parametrize("codec", [JPEG_420, AVIF], ids=lambda codec: codec.name)
def test_a_classic_codec_has_the_best_that_is_not_larger(codec, pixels) -> None:
    found = classic_files(codec, pixels, SIZES)
    assert found.smallest == len(codec.encode(pixels, codec.lowest))
    assert found.qualities[0] is None
    assert found.qualities[-1] is not None
    for size, quality in zip(SIZES, found.qualities, strict=True):
        if quality is None:
            assert found.smallest > size
            continue
        file = found.files[quality]
        assert file.data == codec.encode(pixels, quality)
        assert len(file.data) <= size < len(codec.encode(pixels, quality + 1))
        decoded = codec.decode(file.data)
        assert file.measured.file_bytes == len(file.data)
        assert file.measured.scores["psnr"] == pytest.approx(psnr(decoded, pixels))
    assert set(found.files) == set(found.qualities) - {None}


def test_a_picture_has_all_of_it(model, pixels) -> None:
    coded = code_picture("coffee", pixels, ways_of(model), [JPEG_420], RATES)
    assert coded.sizes == SIZES
    assert [len(files) for files in coded.models] == [len(RATES)]
    assert [own.codec for own in coded.classics] == [JPEG_420]


def test_labels_are_unique() -> None:
    paths = [Path("a/x/run"), Path("b/x/run"), Path("b/y")]
    assert labels(paths) == ["a/x/run", "b/x/run", "y"]


@pytest.mark.parametrize("crop", [[160, 200], [200, 1025], [200], [200, 200, 200], ["a", 200]])
def test_a_crop_out_of_range_is_refused(crop) -> None:
    with pytest.raises(UserError, match="crop must be two sides of 161 … 1024 pixels"):
        check_crop(crop)
    check_crop([161, 1024])
