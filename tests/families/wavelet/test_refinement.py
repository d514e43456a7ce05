"""The moves of coefficients, against predictions from squared error and parabolas."""

import math

import numpy as np
import pytest
from numpy.typing import NDArray

from rnn_codec.families.wavelet import refinement as module
from rnn_codec.families.wavelet.format import Settings
from rnn_codec.families.wavelet.gains import STEP_UNITS, Gains
from rnn_codec.families.wavelet.layout import last_segment
from rnn_codec.families.wavelet.planes import Shape, Synthesis, quantised, transformed
from rnn_codec.families.wavelet.refinement import Refinement, Told, curvature
from rnn_codec.families.wavelet.restoration.conditions import Conditions
from rnn_codec.families.wavelet.rotation import Rotation
from rnn_codec.families.wavelet.workers import Workers

GAINS, ROTATION, WORKERS = Gains(STEP_UNITS), Rotation(5, -9, 20), Workers(1)
PLANE = 4
PIXELS = np.random.default_rng(0).integers(0, 256, (70, 90, 3), np.uint8)


class SquaredError:
    """The squared error of decoded pictures against given pixels, without restoration."""

    def __init__(self, pixels: NDArray[np.uint8]) -> None:
        self._truth = pixels.transpose(2, 0, 1).astype(np.float32)

    def _error(self, picture: Synthesis) -> NDArray[np.float32]:
        return np.stack(picture.colours(slice(None), slice(None))) - self._truth

    def value(self, picture: Synthesis, conditions: Conditions) -> float:
        return math.log(float((self._error(picture) ** 2).mean()))

    def slope(
        self, picture: Synthesis, conditions: Conditions
    ) -> tuple[float, NDArray[np.float32]]:
        return self.value(picture, conditions), 3e-5 * self._error(picture)


def refinement(target: NDArray[np.uint8]) -> Refinement:
    return Refinement(PIXELS, ROTATION, GAINS, SquaredError(target), WORKERS, 2.0**PLANE)


def told(refined: Refinement, size: float = 1.0) -> Told:
    shape = Shape(*PIXELS.shape[:2])
    planes = quantised(refined.tried.coefficients, shape, GAINS.weights(shape))
    settings = Settings(STEP_UNITS, 0, 0, ROTATION, planes.first())
    return Told(planes, settings, GAINS, last_segment(PLANE), 2.0**PLANE, size)


def test_the_curvature_of_a_parabola_is_found() -> None:
    rng = np.random.default_rng(1)
    error = rng.normal(size=(20, 30, 3)).astype(np.float32)
    found = curvature(np.float32(2.5) * error, error)
    assert found.shape == (20, 30, 1)
    np.testing.assert_allclose(found, 2.5, rtol=1e-4)


def test_curvatures_are_those_of_a_place_and_never_below_zero() -> None:
    error = np.ones((20, 30, 1), np.float32)
    slope = np.where(np.arange(30) < 15, 1, 9).astype(np.float32)[None, :, None] * error
    found = curvature(slope, error)[10, :, 0]
    assert found[0] < 3
    assert found[-1] > 7
    assert (curvature(-slope, error) >= 0).all()
    assert (curvature(0 * slope, 0 * error) == module.NO_CURVATURE).all()


def test_squared_error_alone_hardly_moves_anything() -> None:
    """Values are drawn back to their originals, except by bands that are not orthogonal."""
    refined = refinement(PIXELS)
    refined.move(told(refined), 1.0)
    original = transformed(PIXELS, ROTATION, WORKERS)
    moved = [
        np.abs(x - y).mean() for x, y in zip(refined.tried.coefficients, original, strict=True)
    ]
    # Relative to the step, like rounding errors; curvatures are overestimated a little.
    assert max(moved) < 0.2 * 2**PLANE


def test_coefficients_move_to_what_the_loss_wants_and_no_farther() -> None:
    target = (PIXELS * 0.5).astype(np.uint8)
    refined = refinement(target)
    before = refined._loss.value(*refined._decoded(told(refined)))
    for _ in range(3):
        refined.move(told(refined), 0.5)
    refined.judge(told(refined))
    after = refined._loss.value(*refined._decoded(told(refined)))
    assert after < before - 0.1
    original = transformed(PIXELS, ROTATION, WORKERS)
    for x, y in zip(refined.best.coefficients, original, strict=True):
        assert np.abs(x - y).max() <= module.FARTHEST * 2**PLANE + 1e-2


def test_the_best_is_kept_and_what_is_much_worse_is_taken_back() -> None:
    refined = refinement(PIXELS)
    refined.move(told(refined), 0.5)
    first = refined.best
    assert first.coefficients is not refined.tried.coefficients
    # The same with a file of twice the size.
    refined.move(told(refined, size=2.0), 0.5)
    assert refined.best is first
    again = refined.tried
    refined.judge(told(refined, size=0.5))
    assert refined.best.coefficients is again.coefficients
    assert refined.best.next_threshold == pytest.approx(2.0**PLANE * 0.5**module.TOWARDS_SIZE)


def test_costs_at_another_threshold_do_not_compare() -> None:
    refined = refinement(PIXELS)
    refined.judge(told(refined, size=0.01))
    refined.begin_at(40.0)
    assert refined.best.threshold == 40.0
    assert refined.best.cost == math.inf
