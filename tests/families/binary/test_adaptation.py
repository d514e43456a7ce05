"""The choice of stops, against an exhaustive search."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from rnn_codec.families.binary.adaptation import Choices, cumulative, plain_entropy
from rnn_codec.families.binary.entropy.coder import CHECK_BITS

POSITIVE = st.floats(0.125, 100, width=32)


def choices(seed: int, iterations: int = 12, height: int = 9, width: int = 11) -> Choices:
    """Distortions that fall unevenly, like those of photographs; costs near 32 bits."""
    rng = np.random.default_rng(seed)
    start = np.exp(rng.normal(4, 1.5, (height, width)))
    falls = np.exp(-rng.gamma(2, 0.12, (iterations, height, width)).cumsum(axis=0))
    distortion = start * np.concatenate([np.ones((1, height, width)), falls])
    return Choices(distortion, cumulative(rng.uniform(20, 33, falls.shape).astype(np.float32)))


@given(
    distortion=arrays(np.float64, (4, 1, 2), elements=POSITIVE),
    costs=arrays(np.float32, (3, 1, 2), elements=POSITIVE),
    slope=POSITIVE,
)
def test_no_other_stops_are_better(distortion, costs, slope: float) -> None:
    bits = cumulative(costs)
    found = Choices(distortion, bits).at(slope)

    def weighed(stops) -> float:
        at = list(enumerate(stops))
        return sum(distortion[s, 0, x] + slope * bits[s, 0, x] for x, s in at)

    every = [weighed(stops) for stops in product(range(4), repeat=2)]
    assert weighed(found[0]) == pytest.approx(min(every))


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.03, 0.2, 0.6, 0.99])
def test_a_size_is_kept_and_filled(seed: int, share: float) -> None:
    made = choices(seed)
    whole = made.bits[-1].sum()
    stops = made.of_size(share * whole)
    assert made.size(stops) <= share * whole
    # One more iteration of a position takes about 30 bits, and a jump along the convex hull takes
    # several iterations.
    assert made.size(stops) >= share * whole - 8 * 33 - 2 * CHECK_BITS


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("share", [0.8, 0.3, 0.1])
def test_a_distortion_is_reached_and_little_more(seed: int, share: float) -> None:
    made = choices(seed)
    most = made.distortion[0].sum()
    stops = made.of_distortion(share * most)
    assert made.total(stops) <= share * most
    assert made.total(stops) >= 0.9 * share * most


def test_all_that_fits_is_sent() -> None:
    made = choices(0)
    assert (made.of_size(1e9) == 12).all()
    assert made.total(made.of_distortion(0.0)) == pytest.approx(made.distortion.min(axis=0).sum())
    assert not made.of_size(10).any()
    assert not made.of_distortion(1e9).any()


def test_what_does_not_help_is_not_sent() -> None:
    """An iteration that makes a position worse, and later ones that do not make up for it."""
    distortion = np.array([4.0, 1.0, 3.0, 2.0, 0.5]).reshape(5, 1, 1)
    made = Choices(distortion, cumulative(np.full((4, 1, 1), 32, np.float32)))
    assert made.at(1e-6) == 4
    assert made.at(0.5 / 96 * 1.01) == 1


def test_the_plain_entropy_of_flags() -> None:
    stops = np.array([[0, 1], [1, 2]], np.int32)
    # One of four stops at once, two of three after an iteration; the last is known to stop.
    third = -(np.log2(1 / 3) + 2 * np.log2(2 / 3))
    fourth = -(np.log2(1 / 4) + 3 * np.log2(3 / 4))
    assert plain_entropy(stops) == pytest.approx(third + fourth)
    assert plain_entropy(np.full((3, 3), 7, np.int32)) == 0
    assert plain_entropy(np.zeros((3, 3), np.int32)) == 0
