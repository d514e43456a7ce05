"""Files of this version and of earlier ones decode as they did when they were made."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import rnn_codec as rnc
from tests.corpus.make import CORPUS, FILES

OLD = sorted(CORPUS.glob("*/*.rnc"))
MOST_DIFFERENCE = 1
"""The largest difference between machines, from what networks compute in floating point."""


def test_there_are_files_of_every_kind() -> None:
    assert {file.stem for file in OLD} >= set(FILES)


@pytest.mark.parametrize("file", OLD, ids=lambda file: f"{file.parent.name}-{file.stem}")
def test_a_file_decodes_as_it_did(file: Path) -> None:
    decoded = rnc.decompress(file).astype(int)
    expected = np.asarray(Image.open(file.with_suffix(".png")), int)
    assert np.abs(decoded - expected).max() <= MOST_DIFFERENCE


def test_a_picture_that_differs_is_noticed(tmp_path: Path) -> None:
    """The comparison finds a file whose last plane is missing."""
    whole = next(file for file in OLD if file.stem == "wavelet-psnr")
    expected = np.asarray(Image.open(whole.with_suffix(".png")), int)
    short = rnc.decompress(whole.read_bytes()[:-200]).astype(int)
    assert np.abs(short - expected).max() > MOST_DIFFERENCE
