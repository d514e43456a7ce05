"""Residual scaling: additive, with a gain for each patch [Toderici 2017, eq. 16–19]."""

from itertools import pairwise

import torch.nn.functional as F
from torch import Tensor, nn

from rnn_codec.families.binary.reconstruction.framework import (
    RECONSTRUCTIONS,
    Reconstruction,
    ReconstructionState,
)
from rnn_codec.layers.convolution import SharedConv2d

PATCH = 32
"""Side in pixels of the patches that have one gain each."""
SMALLEST_GAIN = 1.0
"""Lower bound of the gain, which is ELU + 2, and ELU is above −1."""


class GainEstimator(nn.Module):
    """G: five stride-2 convolutions with ELU, plus 2; a gain in (1, ∞) for each patch.

    Shapes:
        (B, 3, H, W) → (B, 1, H/32, W/32)

    Example:
        >>> import torch
        >>> GainEstimator()(torch.zeros(1, 3, 64, 96)).shape
        torch.Size([1, 1, 2, 3])
    """

    def __init__(self) -> None:
        super().__init__()
        depths = [3, 32, 32, 32, 32]
        halving = [SharedConv2d(i, o, 3, stride=2) for i, o in pairwise(depths)]
        self.convolutions = nn.ModuleList([*halving, SharedConv2d(32, 1, 2, stride=2)])

    def forward(self, signal: Tensor) -> Tensor:
        for convolution in self.convolutions:
            signal = F.elu(convolution(signal))
        return signal + (SMALLEST_GAIN + 1.0)


def hold(gain: Tensor, like: Tensor) -> Tensor:
    """ZOH: repeat each patch's gain for all its pixels; (B, 1, H/32, W/32) → (B, 1, H, W).

    Example:
        >>> import torch
        >>> hold(torch.tensor([[[[1.0, 2.0]]]]), torch.zeros(1, 3, 32, 64))[0, 0, 0, 31:33]
        tensor([1., 2.])
    """
    return F.interpolate(gain, size=like.shape[-2:], mode="nearest")


@RECONSTRUCTIONS.register("residual_scaling")
class ResidualScaling(Reconstruction):
    """The encoder's input is multiplied by the gain; the decoder's output is divided and added.

        b_t = B(E_t(r_{t−1} ⊙ ZOH(g_{t−1})));  x̂_t = x̂_{t−1} + D_t(b_t) ⊘ ZOH(g_{t−1})
        g_t = G(x̂_t);  g_0 = 1

    In the paper's figure 2 the input of G is the decoded residual, in its equation 16 the
    reconstruction. This is equation 16: the reconstruction shows what is still missing, and the
    decoder has it as well.
    """

    patch = PATCH
    first_gain = SMALLEST_GAIN + 1.0

    def __init__(self) -> None:
        super().__init__()
        self.gain = GainEstimator()

    def initial_state(self, zeros: Tensor) -> ReconstructionState:
        batch, _, height, width = zeros.shape
        return ReconstructionState(zeros, zeros.new_ones(batch, 1, height // PATCH, width // PATCH))

    def encoder_input(self, residual: Tensor, state: ReconstructionState) -> Tensor:
        assert state.gain is not None
        return residual * hold(state.gain, residual)

    def update(self, decoded: Tensor, state: ReconstructionState) -> ReconstructionState:
        assert state.gain is not None
        signal = state.signal + decoded / hold(state.gain, decoded)
        return ReconstructionState(signal, self.gain(signal))
