"""Means over seeds, areas of many curves, and the paired bootstrap."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from rnn_codec.metrics.curve import area_under_curve
from rnn_codec_lab.comparison.statistics import (
    areas,
    estimate,
    image_weights,
    interval,
    interval_of_mean,
    resampled_areas,
    standings,
)


@given(
    st.lists(st.tuples(st.floats(0.01, 4), st.floats(0, 60)), min_size=1, max_size=12),
    st.integers(0, 2**32 - 1),
)
def test_areas_are_those_of_single_curves(points: list[tuple[float, float]], seed: int) -> None:
    rates, qualities = np.array(points).T
    shuffled = np.random.default_rng(seed).permutation(len(points))
    both = areas(np.stack([rates, rates[shuffled]]), np.stack([qualities, qualities[shuffled]]))
    if len(set(rates)) == len(rates):
        np.testing.assert_allclose(both, area_under_curve(rates, qualities), rtol=1e-9, atol=1e-9)


def test_std_is_that_of_a_sample() -> None:
    found = estimate([1.0, 2.0, 6.0])
    assert (found.mean, found.std, found.count) == (3.0, pytest.approx(7**0.5), 3)
    assert estimate([5.0]).std is None


def test_weights_are_images_drawn_with_replacement() -> None:
    weights = image_weights(24, 4000, np.random.default_rng(1))
    assert weights.shape == (4000, 24)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    np.testing.assert_allclose(weights * 24, np.round(weights * 24))
    # The number of times an image is drawn is binomial: variance n·(1/n)·(1 − 1/n).
    assert (weights * 24).var() == pytest.approx(1 - 1 / 24, rel=0.03)


def test_a_resample_is_the_curve_and_area_of_the_drawn_images() -> None:
    rng = np.random.default_rng(2)
    bpp = np.sort(rng.uniform(0.05, 2.5, (5, 8)), axis=1)
    quality = np.sort(rng.uniform(20, 40, (5, 8)), axis=1)
    weights = image_weights(5, 30, rng)
    found = resampled_areas([(bpp, quality)], weights, rng)
    for row, area in zip(weights, found, strict=True):
        drawn = np.repeat(np.arange(5), np.round(row * 5).astype(int))
        assert len(drawn) == 5
        expected = area_under_curve(bpp[drawn].mean(axis=0), quality[drawn].mean(axis=0))
        assert area == pytest.approx(expected, rel=1e-12)


def test_the_spread_of_seeds_widens_the_interval() -> None:
    bpp = np.tile(np.linspace(0.125, 2, 16), (6, 1))
    weights = image_weights(6, 500, np.random.default_rng(3))
    runs = [(bpp, np.full((6, 16), quality)) for quality in (30.0, 32.0)]
    found = resampled_areas(runs, weights, np.random.default_rng(4)) / 1.875
    assert {30.0, 31.0, 32.0} == set(np.round(found, 9))
    assert found.mean() == pytest.approx(31, abs=0.1)


def test_models_within_the_noise_share_a_rank() -> None:
    rng = np.random.default_rng(5)
    images = rng.normal(scale=3.0, size=2000)
    noise = {key: rng.normal(scale=0.1, size=2000) for key in "abcd"}
    means = {"a": 10.0, "b": 9.95, "c": 9.0, "d": 8.96}
    resampled = {key: mean + images + noise[key] for key, mean in means.items()}
    found = standings(means, resampled, 0.95)
    # The part that all models share (σ = 3) cancels: a leads c by 1, σ = 0.14.
    assert {key: standing.rank for key, standing in found.items()} == {
        "a": 1, "b": 1, "c": 3, "d": 3
    }  # fmt: skip
    behind = found["c"].behind_best
    assert behind.difference == pytest.approx(-1)
    assert behind.low < -1 < behind.high < 0
    assert found["a"].behind_best.difference == 0


def test_no_model_ranks_before_one_with_a_larger_area() -> None:
    steps = np.linspace(-1, 1, 2001)
    # b varies little and is significantly worse than a; c is not, only because it varies more.
    resampled = {"a": 10 + 0 * steps, "b": 9.9 + 0.01 * steps, "c": 9.8 + steps}
    found = standings({"a": 10.0, "b": 9.9, "c": 9.8}, resampled, 0.95)
    assert [found[key].rank for key in "abc"] == [1, 2, 2]
    assert found["c"].behind_best.high > 0


def test_an_interval_holds_the_middle_of_the_draws() -> None:
    found = interval(np.arange(1001.0), 500.0, 0.9)
    assert (found.low, found.high, found.difference) == pytest.approx((50.0, 950.0, 500.0))


def test_the_interval_of_a_mean_is_that_of_drawn_images() -> None:
    values = np.random.default_rng(4).normal(-5, 2, 200)
    weights = image_weights(200, 20_000, np.random.default_rng(5))
    found = interval_of_mean(list(values), weights, 0.95)
    assert found.difference == pytest.approx(values.mean())
    # The standard error of the mean, by the central limit theorem.
    error = 1.96 * values.std() / np.sqrt(200)
    assert found.low == pytest.approx(values.mean() - error, abs=0.03)
    assert found.high == pytest.approx(values.mean() + error, abs=0.03)
