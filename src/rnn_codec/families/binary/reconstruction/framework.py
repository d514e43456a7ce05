"""The protocol of the reconstruction frameworks, and the two of equation 1.

A framework says how what is decoded becomes an image.

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
    """What a framework carries from one iteration to the next, in encoder and decoder alike."""

    signal: Tensor
    """x̂, (B, 3, H, W): what has been decoded so far, about −1 … 1; zeros before the first bits."""
    gain: Tensor | None = None
    """g, (B, 1, H/32, W/32), for frameworks that scale the residual; None for those that do not."""


class Reconstruction(nn.Module, ABC):
    """One reconstruction framework; the encoder sees the residual itself unless it says otherwise.

    Attributes:
        patch: the sides of a signal must be multiples of this many pixels.
        first_gain: what residuals are about multiplied by after the first iteration when a training
            begins.
    """

    patch: int = 16
    first_gain: float = 1.0

    def initial_state(self, zeros: Tensor) -> ReconstructionState:
        """The state before the first iteration; `zeros` is x̂_0, (B, 3, H, W)."""
        return ReconstructionState(zeros)

    def encoder_input(self, residual: Tensor, state: ReconstructionState) -> Tensor:
        """What the encoder sees of the residual r_{t−1} = x − x̂_{t−1}; shapes (B, 3, H, W)."""
        return residual

    @abstractmethod
    def update(self, decoded: Tensor, state: ReconstructionState) -> ReconstructionState:
        """The state after the decoder's output D_t(b_t), (B, 3, H, W), has arrived."""


RECONSTRUCTIONS: Registry[type[Reconstruction]] = Registry(
    "reconstruction framework", "rnn_codec.families.binary.reconstruction"
)


@RECONSTRUCTIONS.register("one_shot")
class OneShot(Reconstruction):
    """γ = 0: every iteration decodes the image anew; the encoder still sees the residual alone.

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
    """γ = 1: every iteration decodes the residual that the ones before it left.

    Example:
        >>> import torch
        >>> framework, ones = Additive(), torch.ones(1, 3, 16, 16)
        >>> state = framework.initial_state(torch.zeros_like(ones))
        >>> framework.update(ones, framework.update(ones, state)).signal.unique()
        tensor([2.])
    """

    def update(self, decoded: Tensor, state: ReconstructionState) -> ReconstructionState:
        return ReconstructionState(state.signal + decoded)
