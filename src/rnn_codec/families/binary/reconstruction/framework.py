"""The protocol of the reconstruction frameworks, and the two frameworks of equation 1.

A framework defines how the decoder's outputs become an image.

    signal x ──(−)── residual r ──► encoder_input ──► encoder, binarizer ──► bits
                ▲                                                             │
                └── reconstruction x̂ ◄── update ◄── decoder ◄─────────────────┘

[Toderici 2017, eq. 1–3, 16–19]
"""

from abc import ABC, abstractmethod
from typing import NamedTuple

from torch import Tensor, nn

from rnn_codec.registry import Registry


class ReconstructionState(NamedTuple):
    """The state that a framework carries between iterations, the same in encoder and decoder."""

    signal: Tensor
    """x̂, (B, 3, H, W): the reconstruction so far, about −1 … 1; x̂_0 before the first bits."""
    gain: Tensor | None = None
    """g, (B, 1, H/32, W/32), for frameworks that scale the residual; None for the others."""


class Reconstruction(nn.Module, ABC):
    """A reconstruction framework; by default the encoder's input is the residual itself.

    Attributes:
        patch: the sides of a signal must be multiples of this number of pixels.
        first_gain: the approximate factor on residuals after the first iteration, when a training
            begins.
    """

    patch: int = 16
    first_gain: float = 1.0

    def initial_state(self, zeros: Tensor) -> ReconstructionState:
        """The state before the first iteration; `zeros` is x̂_0, (B, 3, H, W)."""
        return ReconstructionState(zeros)

    def encoder_input(self, residual: Tensor, state: ReconstructionState) -> Tensor:
        """The encoder's input for the residual r_{t−1} = x − x̂_{t−1}; shapes (B, 3, H, W)."""
        return residual

    @abstractmethod
    def update(self, decoded: Tensor, state: ReconstructionState) -> ReconstructionState:
        """The state after the decoder's output D_t(b_t), (B, 3, H, W)."""


RECONSTRUCTIONS: Registry[type[Reconstruction]] = Registry(
    "reconstruction framework", "rnn_codec.families.binary.reconstruction"
)


@RECONSTRUCTIONS.register("one_shot")
class OneShot(Reconstruction):
    """γ = 0: every iteration predicts the image again; the encoder still sees only the residual.

    Example:
        >>> import torch
        >>> framework, ones = OneShot(), torch.ones(1, 3, 16, 16)
        >>> state = framework.initial_state(torch.zeros_like(ones))
        >>> framework.update(ones, framework.update(ones, state)).signal.unique()
        tensor([1.])
    """

    def update(self, decoded: Tensor, state: ReconstructionState) -> ReconstructionState:
        return ReconstructionState(decoded)


@RECONSTRUCTIONS.register("additive")
class Additive(Reconstruction):
    """γ = 1: every iteration predicts the residual of the iterations before it.

    Example:
        >>> import torch
        >>> framework, ones = Additive(), torch.ones(1, 3, 16, 16)
        >>> state = framework.initial_state(torch.zeros_like(ones))
        >>> framework.update(ones, framework.update(ones, state)).signal.unique()
        tensor([2.])
    """

    def update(self, decoded: Tensor, state: ReconstructionState) -> ReconstructionState:
        return ReconstructionState(state.signal + decoded)
