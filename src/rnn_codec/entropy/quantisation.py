"""Trained context models to tables of integers."""

from typing import NamedTuple, cast

import numpy as np
from numpy.typing import NDArray
from torch import Tensor, nn

from rnn_codec.entropy.binary_rnn import DEPTH, WINDOW, BinaryRNN
from rnn_codec.entropy.fixed_point import (
    CLIP_BITS,
    CLIP_MAX,
    STATE_BITS,
    STATE_MAX,
    Input,
    quantise_layer,
)

ROWS_ABOVE = WINDOW // 2
POSITIONS_LEFT = WINDOW // 2


class IterationTables(NamedTuple):
    """A BinaryRNN in integers; `*_fraction` are the bits after the point of a layer's sums.

    Weights are laid out in the order in which a window of channels-last activations lies in memory.
    """

    above: NDArray[np.int16]
    """(64, 3·7·32): the masked convolution's rows above."""
    left: NDArray[np.int16]
    """(64, 3·32): its own row."""
    masked_bias: NDArray[np.int32]
    masked_fraction: int
    known: NDArray[np.int16]
    """(256, 3·64 or 3·64 + 64): of the gates, to the row above and, if there is one, z1."""
    input: NDArray[np.int16]
    """(256, 2·64): input to state."""
    gate_bias: NDArray[np.int32]
    gate_fraction: int
    hidden: NDArray[np.int16]
    """(64, 64)"""
    hidden_bias: NDArray[np.int32]
    hidden_fraction: int
    output: NDArray[np.int16]
    """(32, 64)"""
    output_bias: NDArray[np.int32]
    output_fraction: int


class EarlierTables(NamedTuple):
    """The network over earlier iterations in integers."""

    first: NDArray[np.int16]
    """(64, 3·3·32)"""
    first_bias: NDArray[np.int32]
    first_fraction: int
    second: NDArray[np.int16]
    """(64, 3·3·64)"""
    second_bias: NDArray[np.int32]
    second_fraction: int
    gates: NDArray[np.int16]
    """(256, 64 + 64): of its input and of its state."""
    gate_bias: NDArray[np.int32]
    gate_fraction: int
    third: NDArray[np.int16]
    """(64, 64)"""
    third_bias: NDArray[np.int32]
    third_fraction: int
    last: NDArray[np.int16]
    """(64, 64)"""
    last_bias: NDArray[np.int32]
    last_fraction: int


def quantise_binary_rnn(model: BinaryRNN, context: nn.Conv2d | None = None) -> IterationTables:
    """A BinaryRNN, and the convolution that adds earlier iterations to its gates, in integers."""
    window = _channels_last(model.masked.masked_weight())
    taps = window.reshape(DEPTH, WINDOW, -1)
    left = taps[:, ROWS_ABOVE, : POSITIONS_LEFT * window.shape[-1]]
    masked = quantise_layer(
        [Input(taps[:, :ROWS_ABOVE].reshape(DEPTH, -1), 0, 1), Input(left, 0, 1)],
        _numbers(model.masked.bias),
    )
    contexts = [] if context is None else [clipped_input(context)]
    gates = quantise_layer(
        [
            clipped_input(model.input_to_state),
            Input(_flat(_numbers(model.state_to_state.weight)[:, :, None]), STATE_BITS, STATE_MAX),
            *contexts,
        ],
        _numbers(model.input_to_state.bias),
    )
    hidden = quantise_layer(
        [state_input(model.hidden)],
        _numbers(model.hidden.bias),
    )
    output = quantise_layer(
        [clipped_input(model.output)],
        _numbers(model.output.bias),
    )
    return IterationTables(
        above=masked.weights[0],
        left=masked.weights[1],
        masked_bias=masked.bias,
        masked_fraction=masked.fraction,
        known=np.concatenate(gates.weights[1:], axis=1),
        input=gates.weights[0],
        gate_bias=gates.bias,
        gate_fraction=gates.fraction,
        hidden=hidden.weights[0],
        hidden_bias=hidden.bias,
        hidden_fraction=hidden.fraction,
        output=output.weights[0],
        output_bias=output.bias,
        output_fraction=output.fraction,
    )


def quantise_earlier_iterations(model: nn.Module) -> EarlierTables:
    """`progressive.EarlierIterations` in integers."""
    layers = {name: cast(nn.Conv2d, layer) for name, layer in model.named_children()}
    biases = {name: _numbers(layer.bias) for name, layer in layers.items()}
    first = quantise_layer([Input(_flat(_numbers(layers["first"].weight)), 0, 1)], biases["first"])
    second = quantise_layer([clipped_input(layers["second"])], biases["second"])
    both = _flat(_numbers(layers["gates"].weight))
    gates = quantise_layer(
        [
            Input(both[:, :DEPTH], CLIP_BITS, CLIP_MAX),
            Input(both[:, DEPTH:], STATE_BITS, STATE_MAX),
        ],
        biases["gates"],
    )
    third = quantise_layer([state_input(layers["third"])], biases["third"])
    last = quantise_layer([clipped_input(layers["last"])], biases["last"])
    return EarlierTables(
        first=first.weights[0],
        first_bias=first.bias,
        first_fraction=first.fraction,
        second=second.weights[0],
        second_bias=second.bias,
        second_fraction=second.fraction,
        gates=np.concatenate(gates.weights, axis=1),
        gate_bias=gates.bias,
        gate_fraction=gates.fraction,
        third=third.weights[0],
        third_bias=third.bias,
        third_fraction=third.fraction,
        last=last.weights[0],
        last_bias=last.bias,
        last_fraction=last.fraction,
    )


def clipped_input(layer: nn.Conv2d) -> Input:
    """The input of a convolution over a clipped layer."""
    return Input(_flat(_numbers(layer.weight)), CLIP_BITS, CLIP_MAX)


def state_input(layer: nn.Conv2d) -> Input:
    """The input of a convolution over the state of an LSTM."""
    return Input(_flat(_numbers(layer.weight)), STATE_BITS, STATE_MAX)


def _numbers(tensor: Tensor | None) -> NDArray[np.float64]:
    assert tensor is not None
    return tensor.detach().double().cpu().numpy()


def _channels_last(weight: Tensor) -> NDArray[np.float64]:
    """(out, in, kh, kw) → (out, kh, kw, in)."""
    return _numbers(weight).transpose(0, 2, 3, 1)


def _flat(weight: NDArray[np.float64]) -> NDArray[np.float64]:
    """(out, in, kh, kw) → (out, kh·kw·in)."""
    return np.ascontiguousarray(weight.transpose(0, 2, 3, 1)).reshape(len(weight), -1)
