"""One-shot reconstruction [Toderici 2017, eq. 1 with γ = 0]."""

from torch import Tensor

from rnn_codec.families.binary.reconstruction.framework import (
    RECONSTRUCTIONS,
    Reconstruction,
    ReconstructionState,
)


@RECONSTRUCTIONS.register("one_shot")
class OneShot(Reconstruction):
    """Every iteration decodes the whole image anew; the encoder still sees the residual alone.

    Example:
        >>> import torch
        >>> framework, ones = OneShot(), torch.ones(1, 3, 16, 16)
        >>> state = framework.initial_state(torch.zeros_like(ones))
        >>> framework.update(ones, framework.update(ones, state)).signal.unique()
        tensor([1.])
    """

    def update(self, decoded: Tensor, state: ReconstructionState) -> ReconstructionState:
        """The decoder's output replaces what was there."""
        return ReconstructionState(decoded)
