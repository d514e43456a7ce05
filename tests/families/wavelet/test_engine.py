"""The engine against PyTorch in integers, bit for bit, with any threads and any strips."""

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from rnn_codec.errors import UserError
from rnn_codec.families.wavelet import workers
from rnn_codec.families.wavelet.engine import Engine, aligned, answer, told_depth
from rnn_codec.families.wavelet.known import depth as known_depth
from rnn_codec.families.wavelet.layout import GROUPS, PHASES
from rnn_codec.families.wavelet.prior.arithmetic import (
    LARGEST_WEIGHT,
    UNITS,
    Convolution,
    Rounded,
    Smooth,
)
from rnn_codec.families.wavelet.prior.graphs import (
    LARGEST_SUM,
    Double,
    engine_tensors,
    integers,
)
from tests.families.wavelet.priors import CELLS, prior

SIZES = [(1, 1), (3, 2), (23, 18)]


def some_bytes(*shape: int) -> NDArray[np.uint8]:
    return np.random.default_rng(shape).integers(0, 256, shape, np.uint8)


@pytest.mark.parametrize("cell", CELLS)
@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("size", SIZES)
@torch.no_grad()
def test_it_computes_what_pytorch_does(
    cell: str, threads: int, size: tuple[int, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(workers, "STRIP_POSITIONS", 1)
    monkeypatch.setattr(workers, "LEAST_ROWS", 4)
    trained = prior(cell)
    engine, double = Engine(engine_tensors(trained), threads), Double(trained)
    for scale, plane in ((0, 3), (1, 0), (4, 9)):
        known = some_bytes(*size, aligned(known_depth(scale)))
        handed = tuple(some_bytes(*size, 8) for _ in range(engine.states))
        states = engine.state(scale, plane, known, handed)
        expected = double.state(scale, plane, known, handed)
        assert all(map(np.array_equal, states, expected))
        assert len(np.unique(states[0])) > min(20, states[0].size // 2)
        message = engine.message(scale, states[0], known)
        assert np.array_equal(message, double.message(scale, states[0], known))
        for group in GROUPS:
            row, column = PHASES[group.phase]
            at = np.ascontiguousarray(states[0][row::2, column::2])
            if at.size:
                told = some_bytes(*size, aligned(told_depth(scale, group)))
                logits = engine.logits(scale, group, at, told)
                assert np.array_equal(logits, double.logits(scale, group, at, told))


@torch.no_grad()
def test_what_has_not_been_told_does_not_matter() -> None:
    """A decoder does not have these bits yet."""
    engine = Engine(engine_tensors(prior()), 1)
    state = some_bytes(10, 12, 8)
    for scale, group in ((s, g) for s in (0, 1) for g in GROUPS):
        row, column = PHASES[group.phase]
        told = some_bytes(10, 12, aligned(told_depth(scale, group)))
        other = told.copy()
        own = 2 * (1, 3)[scale] if group.colour else 0
        for phase in range(group.phase, len(PHASES)):
            y, x = PHASES[phase]
            other[y::2, x::2, own:] = 77
        at = np.ascontiguousarray(state[row::2, column::2])
        ours, theirs = (engine.logits(scale, group, at, t) for t in (told, other))
        assert np.array_equal(ours, theirs)


@torch.no_grad()
def test_rounding_changes_little() -> None:
    x = torch.from_numpy(np.round(np.random.default_rng(0).uniform(-2, 1.9, (1, 8, 9, 9)) * 64))
    x = x.float() / 64
    torch.manual_seed(2)
    layer = Convolution(8, 5, 3)
    error = Rounded().signed(layer, x) - Smooth().signed(layer, x)
    assert 0 < error.abs().max() < 3 / UNITS


@torch.no_grad()
def test_integers_are_the_weights_in_units() -> None:
    torch.manual_seed(0)
    layer = Convolution(6, 4, 1, rectified=2)
    weights, exponents, bias = integers(layer)
    assert np.abs(weights).max() <= LARGEST_WEIGHT
    # The largest weight of each output uses more than half of the range.
    assert np.abs(weights).reshape(4, -1).max(1).min() > LARGEST_WEIGHT // 2 - 1
    back = weights / 2.0 ** exponents[:, None, None, None]
    error = np.abs(back - layer.weight.numpy()).reshape(4, -1).max(1)
    assert np.all(error <= 0.5 / 2.0**exponents + 1e-7)
    # The engine subtracts 128 from all inputs. Rectified inputs have no such offset, so the bias
    # makes up for it.
    own = layer.bias.numpy() * 64 * 2.0**exponents
    of_rectified = 128 * weights[:, :2].astype(int).reshape(4, -1).sum(1)
    np.testing.assert_allclose(bias, own + of_rectified, atol=0.5)


def test_sums_that_float32_cannot_hold_are_refused() -> None:
    layer = Convolution(2048, 1, 3)
    torch.nn.init.ones_(layer.weight)
    with pytest.raises(UserError, match="must be below 2\\^24"):
        integers(layer)
    assert LARGEST_SUM == 2**24


@torch.no_grad()
def test_the_known_answer_depends_on_the_weights() -> None:
    found = {answer(Double(prior(seed=seed))) for seed in range(3)}
    assert len(found) == 3
    Engine(engine_tensors(prior()), 2).check()


@torch.no_grad()
def test_engines_are_written_the_same_again() -> None:
    ours, theirs = engine_tensors(prior()), engine_tensors(prior())
    assert ours.keys() == theirs.keys()
    assert all(np.array_equal(ours[name], theirs[name]) for name in ours)
