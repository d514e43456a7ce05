"""The number of operations of a codec, counted by hooks while its convolutions run."""

from collections.abc import Callable

import torch
from torch import Tensor, nn

from rnn_codec.families.binary.codec import RecurrentCodec
from rnn_codec.layers.convolution import IterationConv2d, SharedConv2d

TRAINING_FACTOR = 3
"""Cost of a training step relative to a forward pass.

The backward pass costs twice as much as the forward one: it computes the gradients of the inputs
and of the weights.
"""

COUNTED = (SharedConv2d, IterationConv2d)


def count_macs(module: nn.Module, run: Callable[[], object]) -> int:
    """The multiply–accumulate operations of all convolutions in `module` while `run` runs.

    Example:
        >>> layer = SharedConv2d(2, 4, kernel=3)
        >>> count_macs(layer, lambda: layer(torch.zeros(1, 2, 5, 5))) == 2 * 4 * 3 * 3 * 5 * 5
        True
    """
    counted = 0

    def count(convolution: nn.Module, _: object, output: Tensor) -> None:
        nonlocal counted
        assert isinstance(convolution, COUNTED)
        positions = output.shape[0] * output.shape[-2] * output.shape[-1]
        counted += convolution.macs_of_position * positions

    hooks = [m.register_forward_hook(count) for m in module.modules() if isinstance(m, COUNTED)]
    try:
        with torch.inference_mode():
            run()
    finally:
        for hook in hooks:
            hook.remove()
    return counted


def macs_per_pixel(codec: RecurrentCodec) -> float:
    """Operations per pixel of one iteration, encoder and decoder, other than the first.

    The first is cheaper: its states are zero, and the hidden convolutions are skipped.
    """
    side = 2 * codec.reconstruction.patch
    signal = torch.zeros(1, 3, side, side)
    with torch.inference_mode():
        _, state = codec.iterate(signal, codec.initial_state(signal))
    return count_macs(codec, lambda: codec.iterate(signal, state)) / side**2
