"""What a mask makes of positions."""

import numpy as np
import pytest

from rnn_codec.compression.picture import LEAST_IMPORTANCE, importance_of
from rnn_codec.errors import UserError


def test_importance_is_the_mean_of_the_mask_at_each_position() -> None:
    mask = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8)
    found = importance_of(mask, 40, 50, patch=16)
    assert found.shape == (3, 4)
    assert found[1, 2] == pytest.approx(mask[16:32, 32:48].mean() / 255)
    # The picture is padded by its last rows and columns, and the mask with it.
    rows, columns = np.minimum(np.arange(32, 48), 39), np.minimum(np.arange(48, 64), 49)
    assert found[2, 3] == pytest.approx(mask[np.ix_(rows, columns)].mean() / 255)


def test_black_counts_a_little() -> None:
    assert (importance_of(np.zeros((16, 16), np.uint8), 16, 16, patch=32) == LEAST_IMPORTANCE).all()


@pytest.mark.parametrize(("shape", "words"), [((16, 17), "17×16"), ((16, 16, 3), "(16, 16, 3)")])
def test_a_mask_of_another_shape(shape: tuple, words: str) -> None:
    with pytest.raises(UserError, match="and the picture 16×16") as caught:
        importance_of(np.zeros(shape, np.uint8), 16, 16, patch=16)
    assert words in str(caught.value)
