"""The binarizer's statistics and its gradient."""

import torch

from rnn_codec.layers.binarizer import Binarizer, sign, stochastic_sign


def test_stochastic_bits_have_the_mean_of_their_argument() -> None:
    y = torch.linspace(-1, 1, 9).repeat(20000, 1)
    bits = stochastic_sign(y)
    assert set(bits.unique().tolist()) == {-1.0, 1.0}
    torch.testing.assert_close(bits.mean(0), y[0], atol=0.03, rtol=0)


def test_gradient_passes_straight_through() -> None:
    y = torch.rand(50, requires_grad=True)
    weights = torch.randn(50)
    (stochastic_sign(y) * weights).sum().backward()
    torch.testing.assert_close(y.grad, weights)


def test_training_draws_and_evaluation_does_not() -> None:
    binarizer, x = Binarizer(4, 32), torch.randn(2, 4, 8, 8)
    assert not torch.equal(binarizer(x), binarizer(x))
    binarizer.eval()
    assert torch.equal(binarizer(x), sign(binarizer.convolution(x)))
