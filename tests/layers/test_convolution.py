"""The shared convolution against ordinary back-propagation."""

import pytest
import torch
import torch.nn.functional as F

from rnn_codec.layers import convolution
from rnn_codec.layers.convolution import SharedConv2d, deferred_weight_gradients
from tests.conftest import PAIRS, make_codec


@pytest.mark.parametrize(("kernel", "stride"), [(1, 1), (2, 1), (2, 2), (3, 1), (3, 2)])
def test_output_is_a_convolution_with_same_padding(kernel: int, stride: int) -> None:
    layer, x = SharedConv2d(3, 5, kernel, stride), torch.randn(2, 3, 8, 12)
    before, after = (kernel - 1) // 2, kernel // 2
    padded = F.pad(x, (before, after, before, after))
    expected = F.conv2d(padded, layer.weight, layer.bias, stride)
    torch.testing.assert_close(layer(x), expected[..., : 8 // stride, : 12 // stride])


@pytest.mark.parametrize(("cell", "recon"), PAIRS)
def test_deferred_gradients_equal_ordinary_ones(cell: str, recon: str) -> None:
    codec = make_codec(cell, recon).double().eval()
    # In evaluation the binarizer has no gradient: noise-free tanh keeps the path through it.
    codec.encoder.binarizer.forward = lambda x: torch.tanh(codec.encoder.binarizer.convolution(x))
    x = torch.rand(2, 3, 32, 32, dtype=torch.float64) * 2 - 1

    def gradients() -> list[torch.Tensor]:
        loss = sum((x - y).abs().mean() for y in codec.unroll(x, 3))
        return list(torch.autograd.grad(loss, list(codec.parameters()), allow_unused=True))

    def deferred() -> list[torch.Tensor]:
        with deferred_weight_gradients(codec):
            return gradients()

    for plain, late in zip(gradients(), deferred(), strict=True):
        assert (plain is None) == (late is None)
        if plain is not None:
            torch.testing.assert_close(late, plain, rtol=1e-9, atol=1e-12)


def test_deferred_gradients_under_autocast() -> None:
    layer, x = SharedConv2d(4, 4, 3), torch.randn(2, 4, 8, 8)
    with torch.autocast("cpu", torch.bfloat16):
        plain = torch.autograd.grad(layer(x).float().square().sum(), layer.weight)[0]
        with deferred_weight_gradients(layer):
            late = torch.autograd.grad(layer(x).float().square().sum(), layer.weight)[0]
    assert late.dtype == torch.float32
    torch.testing.assert_close(late, plain, rtol=0.02, atol=0.5)


def test_channels_stay_innermost_in_every_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    seen = []
    backward = convolution._convolution_backward

    def spy(gradient: torch.Tensor, *rest: object) -> object:
        seen.append(gradient.is_contiguous(memory_format=torch.channels_last))
        return backward(gradient, *rest)

    monkeypatch.setattr(convolution, "_convolution_backward", spy)
    codec = make_codec("lstm", "additive").to(memory_format=torch.channels_last).train()
    x = torch.rand(2, 3, 32, 32).to(memory_format=torch.channels_last)
    with deferred_weight_gradients(codec):
        loss = sum((x - y).abs().mean() for y in codec.unroll(x, 3))
    loss.backward()
    assert all(seen)


def test_an_unroll_that_fails_leaves_nothing_behind() -> None:
    layer = SharedConv2d(1, 1, 3)
    with pytest.raises(RuntimeError), deferred_weight_gradients(layer):
        raise RuntimeError
    assert layer(torch.zeros(1, 1, 1, 1)).grad_fn.name().startswith("Convolution")
