"""Additive reconstruction [Toderici 2017, eq. 1 with γ = 1]."""

from torch import Tensor

from rnn_codec.families.binary.reconstruction.framework import (
    RECONSTRUCTIONS,
    Reconstruction,
    ReconstructionState,
)


@RECONSTRUCTIONS.register("additive")
class Additive(Reconstruction):
    """Every iteration decodes the residual that the ones before it left.

    Example:
        >>> import torch
        >>> framework, ones = Additive(), torch.ones(1, 3, 16, 16)
        >>> state = framework.initial_state(torch.zeros_like(ones))
        >>> framework.update(ones, framework.update(ones, state)).signal.unique()
        tensor([2.])
    """

    def update(self, decoded: Tensor, state: ReconstructionState) -> ReconstructionState:
        """The decoder's output is added to what was there."""
        return ReconstructionState(state.signal + decoded)
