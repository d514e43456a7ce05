"""Size and cost of a prior."""

from torch import nn

from rnn_codec.families.wavelet.layout import COLOURS, PHASES, SCALES
from rnn_codec.families.wavelet.prior.arithmetic import Convolution
from rnn_codec.families.wavelet.prior.network import Prior


def parameters(prior: Prior) -> int:
    """The number of learned parameters."""
    return sum(weight.numel() for weight in prior.parameters())


def macs_per_pixel(prior: Prior) -> float:
    """The multiply–accumulate operations of one plane of all scales, per pixel of the picture.

    Each scale has a quarter of the positions of the next finer one.
    """
    positions = [0.25 ** (SCALES - max(scale, 1)) for scale in range(SCALES)]
    return sum(position_macs(prior, scale) * share for scale, share in enumerate(positions))


def position_macs(prior: Prior, scale: int) -> float:
    """The multiply–accumulate operations at a position of a plane of a scale."""
    net = prior.scale(scale)
    everywhere = weights(net.see) + weights(net.cell)
    if scale + 1 < SCALES:
        everywhere += weights(net.message)
    # Each position belongs to one phase of each colour.
    of_colours = sum(
        weights(net.hidden[colour]) + weights(net.logits[colour]) for colour in range(len(COLOURS))
    )
    return everywhere + of_colours + sum(map(weights, net.contexts)) / len(PHASES)


def weights(module: nn.Module) -> int:
    """The number of weights of all convolutions: operations at a position where each runs once."""
    layers = [layer for layer in module.modules() if isinstance(layer, Convolution)]
    return sum(layer.weight.numel() for layer in layers)
