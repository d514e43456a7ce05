"""Integer coefficients, and the part of them that has been decoded."""

from collections.abc import Iterator
from functools import partial

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from rnn_codec.families.wavelet.gains import STEP_UNITS, Gains
from rnn_codec.families.wavelet.layout import (
    COMPONENTS,
    GROUPS,
    PHASES,
    SCALES,
    Segment,
    bands,
    channels,
    segment_length,
)
from rnn_codec.families.wavelet.planes import (
    CENTRES,
    Planes,
    Shape,
    analysed,
    quantised,
    share_of_plane,
    slopes,
    synthesised,
    told_planes,
    transformed,
    values,
)
from rnn_codec.families.wavelet.rotation import Rotation
from rnn_codec.families.wavelet.workers import Workers

sides = st.integers(1, 70)
SAME = Gains(STEP_UNITS)
WORKERS = Workers(1)
LAST = Segment(0, SCALES - 1, 0, len(GROUPS) - 1, 31)


def all_values(planes: Planes, segment: Segment | None) -> list[NDArray[np.float32]]:
    """The decoded coefficients of all components, (h, w, N) for each scale."""
    weights = SAME.weights(planes.shape)
    components = [values(planes, planes.first(), segment, weights, c) for c in range(COMPONENTS)]
    return [np.concatenate(x, axis=2) for x in zip(*components, strict=True)]


@given(sides, sides)
def test_a_picture_has_as_many_coefficients_as_samples(height: int, width: int) -> None:
    shape = Shape(height, width)
    total = 0
    for scale in range(SCALES):
        exists = shape.exists(scale)
        rows, columns = shape.sizes()[scale]
        total += rows * columns * bands(scale) if exists is None else int(exists.sum())
    assert total == height * width


@settings(max_examples=20)
@given(sides, sides, st.integers(0, 2**32 - 1))
def test_slopes_are_the_transpose_of_the_inverse(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    shape, rotation = Shape(height, width), Rotation(5, -9, 20)
    coefficients = [rng.normal(size=x.shape) for x in Planes.nothing(shape).magnitudes]
    of_pixels = rng.normal(size=(3, height, width)).astype(np.float32)

    def component(index: int) -> Iterator[NDArray[np.float32]]:
        for scale, x in enumerate(coefficients):
            yield x[..., index * bands(scale) : (index + 1) * bands(scale)].astype(np.float32)

    picture = synthesised(shape, component, rotation, WORKERS)
    colours = np.stack(picture.colours(slice(None), slice(None))) - 128
    found = slopes(of_pixels, rotation, WORKERS)
    expected = sum(float((x * y).sum()) for x, y in zip(found, coefficients, strict=True))
    assert float((colours * of_pixels).sum()) == pytest.approx(expected, abs=0.02 * height)


@settings(max_examples=20)
@given(sides, sides, st.integers(0, 2**32 - 1))
def test_coefficients_are_quantised_as_they_are_analysed(
    height: int, width: int, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
    exponents = rng.integers(-9, 9, (-(-height // 32), -(-width // 32))).astype(np.int8)
    shape, rotation = Shape(height, width), Rotation(5, -9, 20)
    for gains in (SAME, Gains(50, 8, 8, exponents)):
        weights = gains.weights(shape)
        expected = analysed(pixels, rotation, weights, WORKERS)
        found = quantised(transformed(pixels, rotation, WORKERS), shape, weights)
        for ours, theirs in zip(found.magnitudes, expected.magnitudes, strict=True):
            assert np.array_equal(ours, theirs)
        for told, negative, of_expected in zip(
            found.magnitudes, found.negative, expected.negative, strict=True
        ):
            assert np.array_equal(negative[told > 0], of_expected[told > 0])


@given(sides, sides, st.integers(0, 2**32 - 1))
def test_all_planes_give_back_the_picture(height: int, width: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    pixels = rng.integers(0, 256, (height, width, 3), np.uint8)
    rotation = Rotation(*rng.integers(-127, 128, 3).tolist())
    fine = Gains(STEP_UNITS // 8).weights(Shape(height, width))
    planes = analysed(pixels, rotation, fine, WORKERS)
    whole = partial(values, planes, planes.first(), LAST, fine)
    found = synthesised(planes.shape, whole, rotation, WORKERS).pixels(WORKERS)
    assert np.abs(found.astype(int) - pixels).max() <= 1


@given(sides, sides, st.integers(0, 2**32 - 1))
def test_what_does_not_exist_is_zero(height: int, width: int, seed: int) -> None:
    pixels = np.random.default_rng(seed).integers(0, 256, (height, width, 3), np.uint8)
    planes = analysed(pixels, Rotation(0, 0, 0), SAME.weights(Shape(height, width)), WORKERS)
    for scale in range(SCALES):
        exists = planes.shape.exists(scale)
        if exists is not None:
            everywhere = np.tile(exists, COMPONENTS)
            assert not planes.magnitudes[scale][~everywhere].any()


def test_first_counts_the_bits_of_the_largest() -> None:
    planes = Planes.nothing(Shape(40, 40))
    planes.magnitudes[2][1, 0, 3] = 9
    planes.magnitudes[5][0, 1, 2] = 1
    assert planes.first() == [[0, 0], [0, 0], [0, 4], [0, 0], [0, 0], [1, 0]]


segments = st.builds(
    Segment,
    st.integers(0, 9),
    st.integers(0, SCALES - 1),
    st.just(0),
    st.integers(0, 7),
    st.integers(0, 31),
)


@settings(max_examples=50)
@given(sides, sides, segments, st.integers(0, 2**32 - 1))
def test_values_know_the_bits_up_to_a_segment(
    height: int, width: int, segment: Segment, seed: int
) -> None:
    """Against a loop over all coefficients."""
    rng = np.random.default_rng(seed)
    shape = Shape(height, width)
    planes = Planes.nothing(shape)
    for magnitudes, negative in zip(planes.magnitudes, planes.negative, strict=True):
        magnitudes[:] = rng.integers(0, 1 << rng.integers(0, 10), magnitudes.shape)
        negative[:] = rng.random(negative.shape) < 0.5
    first = planes.first()
    found = all_values(planes, segment)
    for scale in range(SCALES):
        for index, group in enumerate(GROUPS):
            row, column = PHASES[group.phase]
            at = (slice(row, None, 2), slice(column, None, 2), channels(scale, group.colour))
            m, ours = planes.magnitudes[scale][at], found[scale][at]
            positions = m.shape[0] * m.shape[1]
            for position in range(positions):
                place = (segment.plane, scale, index)
                if place[1:] < (segment.scale, segment.group):
                    told = segment.plane
                elif place[1:] > (segment.scale, segment.group):
                    told = segment.plane + 1
                else:
                    told = segment.plane + (position // segment_length(positions) > segment.number)
                told = min(told, first[scale][group.colour])
                y, x = divmod(position, m.shape[1])
                least = m[y, x] >> told << told
                centre = np.array(CENTRES)[np.minimum(least >> told, 4)]
                expected = least + centre * 2.0**told
                np.testing.assert_allclose(np.abs(ours[y, x]), expected, rtol=1e-6)
                negative = planes.negative[scale][at][y, x]
                assert np.array_equal(ours[y, x] < 0, negative & (least > 0))


def test_nothing_told_is_nothing() -> None:
    shape = Shape(33, 20)
    planes = Planes.nothing(shape)
    planes.magnitudes[0][:] = 100
    found = all_values(planes, None)
    assert not any(x.any() for x in found)


@settings(max_examples=25)
@given(sides, sides, segments)
def test_told_planes_are_means_over_positions(height: int, width: int, segment: Segment) -> None:
    """Against the last plane of each position, computed one by one."""
    shape = Shape(height, width)
    planes = Planes.nothing(shape)
    rng = np.random.default_rng(height * width)
    # Scales begin with different planes.
    for magnitudes in planes.magnitudes:
        magnitudes[:] = 1 << rng.integers(0, 10)
    first, found = planes.first(), told_planes(shape, planes.first(), segment)
    for scale in range(SCALES):
        for colour in range(2):
            told = []
            for index, group in enumerate(GROUPS):
                if group.colour == colour:
                    row, column = PHASES[group.phase]
                    rows, columns = planes.magnitudes[scale][row::2, column::2].shape[:2]
                    for position in range(rows * columns):
                        here = (scale, 0, index, position // segment_length(rows * columns))
                        told.append(min(segment.plane + (here > segment[1:]), first[scale][colour]))
            expected = np.mean(told) if told else 0.0
            assert found[scale, colour] == pytest.approx(expected)


def test_told_planes_of_nothing_are_all() -> None:
    first = [[3, 2], [4, 4], [5, 0], [1, 1], [2, 2], [6, 1]]
    assert np.array_equal(told_planes(Shape(70, 90), first, None), first)


def test_shares_of_a_plane_grow_to_one() -> None:
    shape, first = Shape(100, 130), [[5, 4], [5, 3], [4, 4], [4, 4], [4, 3], [4, 2]]
    shares = []
    for scale in range(SCALES):
        for index, group in enumerate(GROUPS):
            if first[scale][group.colour] > 2:
                shares.append(share_of_plane(shape, first, Segment(2, scale, 0, index, 31)))
    assert shares == sorted(shares)
    assert 0 < shares[0] < 0.01
    assert shares[-1] == 1.0


@pytest.mark.parametrize("scale", range(SCALES))
def test_one_step_is_one_error_everywhere(scale: int) -> None:
    """An error of one in a coefficient is an error of one in the picture, in any band."""
    shape = Shape(256, 256)
    weights, rotation = Gains(1).weights(shape), Rotation(3, -4, 5)
    # Large enough to survive the rounding of pixels, small enough not to clip them.
    magnitude = 8191 if scale < 4 else 3000
    grey = np.full((256, 256, 3), 128, np.uint8)
    planes = analysed(grey, rotation, weights, WORKERS)
    for channel in range(COMPONENTS * bands(scale)):
        planes.magnitudes[scale][:] = 0
        rows, columns = shape.sizes()[scale]
        planes.magnitudes[scale][rows // 2, columns // 2, channel] = magnitude
        told = partial(values, planes, planes.first(), LAST, weights)
        pixels = synthesised(shape, told, rotation, WORKERS).pixels(WORKERS)
        error = np.sqrt(np.sum(np.square(pixels.astype(float) - 128)))
        assert error == pytest.approx(magnitude / 32, rel=0.03)
