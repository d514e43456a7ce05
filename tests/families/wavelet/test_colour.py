"""Rotations of colours: orthonormal, the same everywhere, along the principal axes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_codec.families.wavelet.colour import MIDDLE, fitted, rotated
from rnn_codec.families.wavelet.rotation import FIXED, Rotation

angles = st.integers(-127, 127)
rotations = st.builds(Rotation, angles, angles, angles)


@given(rotations)
def test_they_are_orthonormal(rotation: Rotation) -> None:
    matrix = np.array(rotation.matrix)
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(3), atol=1e-12)
    assert np.linalg.det(matrix) == pytest.approx(np.linalg.det(np.array(FIXED)))


@given(rotations)
def test_they_turn_by_the_quaternion(rotation: Rotation) -> None:
    """Against Rodrigues' formula: an axis (b, c, d), and an angle 2 arctan(|(b, c, d)| / a)."""
    vector = np.array(rotation, float) / 128
    length = np.linalg.norm(vector)
    axis = vector / length if length else np.zeros(3)
    angle = 2 * np.arctan(length)
    cross = np.array([[0, -axis[2], axis[1]], [axis[2], 0, -axis[0]], [-axis[1], axis[0], 0]])
    turned = np.eye(3) + np.sin(angle) * cross + (1 - np.cos(angle)) * cross @ cross
    np.testing.assert_allclose(np.array(rotation.matrix), turned @ np.array(FIXED), atol=1e-12)


@given(rotations, st.tuples(*[st.integers(0, 255)] * 3))
def test_the_columns_turn_back(rotation: Rotation, pixel: tuple[int, int, int]) -> None:
    colours = [np.float32(value) - np.float32(MIDDLE) for value in pixel]
    components = [rotated(colours, row) for row in rotation.matrix]
    columns = zip(*rotation.matrix, strict=True)
    back = [rotated(components, column) + MIDDLE for column in columns]
    np.testing.assert_allclose(back, pixel, atol=1e-3)


def noise(covariance: list[list[float]], shape: tuple[int, int] = (64, 64)) -> NDArray[np.uint8]:
    rng = np.random.default_rng(0)
    values = rng.multivariate_normal([128] * 3, covariance, size=shape)
    return values.clip(0, 255).round().astype(np.uint8)


def test_components_of_a_fitted_rotation_do_not_depend_on_each_other() -> None:
    pixels = noise([[900, 500, 100], [500, 700, 300], [100, 300, 500]])
    matrix = np.array(fitted(pixels).matrix)
    gradients = np.diff(pixels.astype(float), axis=0).reshape(-1, 3) @ matrix.T
    covariance = np.cov(gradients.T)
    assert np.all(np.diff(np.diagonal(covariance)) < 0)
    scale = np.sqrt(np.outer(np.diagonal(covariance), np.diagonal(covariance)))
    assert np.abs(covariance / scale - np.eye(3)).max() < 0.03


@pytest.mark.parametrize("shape", [(1, 1), (1, 9), (9, 1), (20, 30)])
def test_grey_pictures_have_no_colour(shape: tuple[int, int]) -> None:
    grey = np.random.default_rng(1).integers(0, 256, shape, np.uint8)
    pixels = np.repeat(grey[..., None], 3, axis=2)
    assert fitted(pixels) == (0, 0, 0)
    colours = [pixels[..., c].astype(np.float32) - np.float32(MIDDLE) for c in range(3)]
    for row in Rotation(0, 0, 0).matrix[1:]:
        assert not rotated(colours, row).any()


@given(st.integers(0, 2**32 - 1))
def test_a_fitted_rotation_can_be_written_down(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (rng.integers(1, 9), rng.integers(1, 9), 3), np.uint8)
    assert all(-127 <= angle <= 127 for angle in fitted(pixels))
