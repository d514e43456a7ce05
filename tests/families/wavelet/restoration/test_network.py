"""The network's shape, cost and receptive field."""

import pytest
import torch

from rnn_codec.families.wavelet.restoration.network import STEPS, Restoration, macs_per_pixel
from rnn_codec.families.wavelet.restoration.tiles import MARGIN
from tests.families.wavelet.priors import restoration


def inputs(height: int, width: int) -> tuple[torch.Tensor, ...]:
    torch.manual_seed(1)
    picture = torch.rand(2, 3, height, width) * 255
    return (
        picture,
        torch.rand(2, STEPS) * 8,
        torch.rand(2, 1),
        torch.rand(2, 1, height // 32, width // 32) * 6,
    )


def test_pictures_stay_what_they_are_at_the_start() -> None:
    given = inputs(64, 96)
    assert torch.equal(Restoration(8, 8, 2)(*given), given[0])


def test_every_weight_takes_part() -> None:
    network = restoration()
    network(*inputs(64, 96)).square().mean().backward()
    for name, weight in network.named_parameters():
        assert weight.grad is not None, name
        assert weight.grad.abs().max() > 0, name


def test_the_cost_of_a_pixel_is_what_its_layers_multiply() -> None:
    """Against multiplications counted from the layers' outputs as they run."""
    network, counted = Restoration(24, 40, 2), []

    def count(layer: torch.nn.Conv2d, _: object, output: torch.Tensor) -> None:
        counted.append(layer.weight[0].numel() * output[0].numel())

    for layer in network.modules():
        if isinstance(layer, torch.nn.Conv2d):
            layer.register_forward_hook(count)
    network(*(x[:1] for x in inputs(64, 96)))
    assert macs_per_pixel(network) == pytest.approx(sum(counted) / (64 * 96))


def test_the_network_that_is_shipped_keeps_its_bound() -> None:
    assert macs_per_pixel(Restoration(width=40, inner=96, blocks=3)) < 40_000


def test_what_is_beyond_the_margin_is_not_seen() -> None:
    """With the largest number of blocks in any configuration."""
    torch.manual_seed(0)
    network = Restoration(8, 8, blocks=3)
    torch.nn.init.normal_(network.change.weight)
    picture, *told = (x[:1] for x in inputs(256, 64))
    changed = picture.clone()
    changed[:, :, 128 + MARGIN :] = 0
    before, after = network(picture, *told), network(changed, *told)
    assert torch.allclose(before[:, :, :128], after[:, :, :128], atol=1e-4)
    assert not torch.allclose(before[:, :, :192], after[:, :, :192], atol=1e-4)
