"""The lean design: its operations, its gain, its bits."""

import pytest
import torch

from rnn_codec.complexity import macs_per_pixel
from rnn_codec.networks.lean import normalised
from tests.conftest import PAIRS, make_codec


def macs_by_hand(gates: int) -> float:
    """A cell of so many gates at width 1, for each pixel: (input, depth, positions of a pixel)."""
    layers = [(49, 96, 1 / 64), (96, 256, 1 / 256), (128, 256, 1 / 256), (64, 256, 1 / 64)]
    recurrent = sum(gates * d * (9 * i + d) * share for i, d, share in layers)
    return recurrent + 32 * (256 + 128) / 256 + 9 * 64 * 48 / 16


@pytest.mark.parametrize(("cell", "gates"), [("lstm", 4), ("gru", 3)])
def test_operations(cell: str, gates: int) -> None:
    codec = make_codec(cell, "one_shot", width=1.0, network="lean")
    assert macs_per_pixel(codec) == macs_by_hand(gates)


@pytest.mark.parametrize("cell", ["lstm", "associative_lstm", "gru", "residual_gru"])
def test_it_has_fewer_operations_than_a_quarter_of_the_papers(cell: str) -> None:
    lean = make_codec(cell, "one_shot", width=1.0, network="lean")
    quarter = make_codec(cell, "one_shot", width=0.25)
    assert macs_per_pixel(lean) < 0.7 * macs_per_pixel(quarter)


def test_the_gain_is_that_of_each_position() -> None:
    x = torch.randn(2, 48, 8, 8)
    result = normalised(x)
    for row, column in ((0, 0), (1, 0), (1, 1)):
        own = (..., slice(4 * row, 4 * row + 4), slice(4 * column, 4 * column + 4))
        magnitude = x[own].abs().mean(dim=(1, 2, 3), keepdim=True)
        torch.testing.assert_close(result[:, :48][own], x[own] * 0.3 / (magnitude + 0.02))
        seen = 1 + (magnitude[:, :1] + 0.02).log() / 2
        torch.testing.assert_close(result[:, 48:][own], seen.expand(2, 1, 4, 4))


def test_nothing_is_learnt_through_the_gain() -> None:
    x = torch.randn(1, 48, 4, 4, requires_grad=True)
    (gradient,) = torch.autograd.grad(normalised(x).sum(), x)
    assert torch.equal(gradient, gradient.mean().expand_as(gradient))


def test_bits_are_the_same_in_training() -> None:
    codec = make_codec("gru", "one_shot", network="lean")
    signal = torch.rand(1, 3, 32, 32) * 2 - 1
    with torch.no_grad():
        trained, evaluated = codec.train().unroll(signal, 3), codec.eval().unroll(signal, 3)
    torch.testing.assert_close(trained, evaluated)


@pytest.mark.parametrize(("cell", "recon"), PAIRS)
def test_every_pair_has_gradients_everywhere(cell: str, recon: str) -> None:
    codec = make_codec(cell, recon, network="lean").train()
    signal = torch.rand(2, 3, 32, 32) * 2 - 1
    sum((signal - x).abs().mean() for x in codec.unroll(signal, 3)).backward()
    assert all(p.grad is not None and p.grad.abs().max() > 0 for p in codec.parameters())
