"""Pictures written in every format are read back."""

from pathlib import Path

import numpy as np
import pytest

from rnn_codec.errors import UserError
from rnn_codec.pictures.reading import read_rgb
from rnn_codec.pictures.writing import FORMATS, write_rgb

PIXELS = np.random.default_rng(0).integers(0, 256, (9, 14, 3), dtype=np.uint8)
LOSSLESS_AND_READ = (".png", ".webp", ".tif", ".tiff", ".PNG")


@pytest.mark.parametrize("suffix", LOSSLESS_AND_READ)
def test_nothing_is_lost(tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"a{suffix}"
    write_rgb(path, PIXELS)
    assert np.array_equal(read_rgb(path), PIXELS)


@pytest.mark.parametrize("suffix", FORMATS)
def test_every_format_is_written(tmp_path: Path, suffix: str) -> None:
    write_rgb(tmp_path / f"a{suffix}", PIXELS)
    assert [path.name for path in tmp_path.iterdir()] == [f"a{suffix}"]


@pytest.mark.parametrize("name", ["a.gif", "a", "a.rnc"])
def test_other_suffixes_are_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(UserError, match=r"a picture's name ends in \.png, \.webp"):
        write_rgb(tmp_path / name, PIXELS)


def test_a_picture_that_a_format_cannot_hold(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"a.webp cannot be written \(17000×1 pixels\)"):
        write_rgb(tmp_path / "a.webp", np.zeros((1, 17_000, 3), np.uint8))
    assert list(tmp_path.iterdir()) == []


def test_any_view_is_written(tmp_path: Path) -> None:
    for view in (PIXELS[..., ::-1], PIXELS[::-1, ::-2], PIXELS.swapaxes(0, 1)):
        write_rgb(tmp_path / "a.png", view)
        assert np.array_equal(read_rgb(tmp_path / "a.png"), view)
